from pathlib import Path

import pytest

from engines.data.busi import busi
from engines.data.examples import read_pixels
from engines.errors import DataError


def test_near_duplicates_count_once_and_contradictory_ones_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(
        "image,label,near_duplicate_group\n"
        "b1.png,benign,0\nb2.png,benign,0\nb3.png,benign,1\nm1.png,malignant,1\nm2.png,malignant,2\nn.png,normal,3\n"
    )
    assert [(e.image.name, e.label) for e in busi(tmp_path)] == [("b1.png", 0), ("m2.png", 1)]


def test_a_folder_without_the_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="BUSI"):
        busi(tmp_path)


def test_the_real_data_set_has_images_with_masks(real_data: Path) -> None:
    examples = busi(real_data / "busi")
    assert {e.label for e in examples} == {0, 1}
    assert read_pixels(examples[0]).mask.any()
