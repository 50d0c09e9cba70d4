from pathlib import Path

import pytest

from engines.catalog import find_classifier, find_classifiers
from engines.errors import CatalogError, ManifestError
from tests.unit.engines.builders import manifest_text, write_manifest


def test_extra_folders_are_searched_beside_the_shipped_one(tmp_path: Path) -> None:
    write_manifest(tmp_path / "tiny", manifest_text())
    assert set(find_classifiers([tmp_path])) == {*find_classifiers(), "tiny"}


def test_two_classifiers_of_one_name_are_refused(tmp_path: Path) -> None:
    write_manifest(tmp_path / "one", manifest_text())
    write_manifest(tmp_path / "two", manifest_text())
    with pytest.raises(CatalogError, match=r"'tiny' is in .*one and .*two"):
        find_classifiers([tmp_path])


def test_an_unknown_name_is_answered_with_what_there_is(tmp_path: Path) -> None:
    write_manifest(tmp_path / "tiny", manifest_text())
    with pytest.raises(CatalogError, match=r"no classifier 'tinny'; there are: .*tiny"):
        find_classifier("tinny", [tmp_path])


def test_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="does not exist"):
        find_classifiers([tmp_path / "nowhere"])


def test_a_broken_manifest_is_not_passed_over(tmp_path: Path) -> None:
    write_manifest(tmp_path / "tiny", "name = ")
    with pytest.raises(ManifestError, match=r"manifest\.toml"):
        find_classifiers([tmp_path])
