from pathlib import Path

import pytest

from service.cli.simulate.scenario import load_scenario
from service.errors import ConfigurationError

GOOD = """
hours = 1
[[scanners]]
name = "us"
ae_title = "SIM-US"
modality = "US"
studies_by_hour = [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]
"""


def loaded(tmp_path: Path, text: str) -> object:
    path = tmp_path / "scenario.toml"
    path.write_text(text)
    return load_scenario(path)


def test_shipped_scenario_is_a_day_with_ultrasound_and_mammography() -> None:
    found = load_scenario()
    assert found.hours == 24
    assert {one.modality for one in found.scanners} >= {"US", "MG"}
    assert all(one.ae_title.startswith("SIM-") for one in found.scanners)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ("images = [5, 2]", "the first is larger"),
        ("colour = 1", "scanners.0.colour"),
        ('compression = "zip"', "scanners.0.compression"),
        ("misbehaviour = { abort = 0.7, late = 0.6 }", "more than 1"),
        ('frames = 3\ncompression = "jpeg"', "uncompressed"),
        ("ae_title = 3", "TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, wrong: str, word: str) -> None:
    with pytest.raises(ConfigurationError, match=word):
        loaded(tmp_path, GOOD + wrong)


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.toml"):
        load_scenario(tmp_path / "none.toml")
