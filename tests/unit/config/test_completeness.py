from pathlib import Path

import pytest

from service.config import AssembleSettings
from service.config.load import load_settings
from service.errors import ConfigurationError

GOOD = """
[assemble]
quiet_period_s = 90
at_ceiling = "park"

[[assemble.completeness]]
name = "screening"
when = { Modality = "MG", StudyDescription = { matches = "*screening*" } }
views.expected = ["R CC", "L CC", "R MLO", "L MLO"]
views.tomosynthesis = true
views.unilateral_when = { StudyDescription = { matches = "*unilat*" } }
procedure_steps = true
ceiling_s = 1800

[[assemble.completeness]]
name = "ultrasound"
when = { Modality = "US" }
association_released = true
settling_s = 10
"""


def load(tmp_path: Path, text: str) -> AssembleSettings:
    (tmp_path / "preread.toml").write_text(text, encoding="utf-8")
    return load_settings(tmp_path / "preread.toml").assemble


def test_rules_are_typed(tmp_path: Path) -> None:
    settings = load(tmp_path, GOOD)
    screening, ultrasound = settings.completeness
    assert screening.views.expected == ("R CC", "L CC", "R MLO", "L MLO")
    assert (screening.views.tomosynthesis, screening.views.implant_displaced) == (True, False)
    assert (ultrasound.settling_s, ultrasound.ceiling_s) == (10, None)
    assert [list(when) for when in settings.whens if when] == [
        ["Modality", "StudyDescription"],
        ["StudyDescription"],
        ["Modality"],
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('views.expected = ["RCC"]', "views.expected"),
        ('views.expected = ["R CCX"]', "views.expected"),
        ('count = "some"', "count"),
        ("procedure_step = true", "did you mean procedure_steps"),
        ("settling_s = -1", "settling_s"),
        ("ceiling_s = 30", "ceiling_s = 30 ends before quiet_period_s = 60"),
        ("ceiling_s = 70\nsettling_s = 80", "ceiling_s = 70 ends before settling_s = 80"),
        ('[[assemble.completeness]]\nname = "a"', "two completeness rules are called a"),
    ],
)
def test_wrong_rule_is_refused_with_what_is_wrong(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load(tmp_path, f'[[assemble.completeness]]\nname = "a"\n{line}')


def test_ceiling_below_the_quiet_period_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="assemble: ceiling_s = 10 ends before quiet_period_s = 60"):
        load(tmp_path, "[assemble]\nceiling_s = 10")


def test_series_have_waiting_times_of_their_own(tmp_path: Path) -> None:
    settings = load(tmp_path, "[assemble.series]\nquiet_period_s = 8\nassociation_released = true")
    assert (settings.series.quiet_period_s, settings.series.association_released) == (8, True)
    with pytest.raises(ConfigurationError, match=r"assemble\.series\.quiet_period_s"):
        load(tmp_path, "[assemble.series]\nquiet_period_s = 0")


def test_level_of_a_routing_rule_is_study_or_series(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="level"):
        load(tmp_path, '[[rules]]\nname = "a"\nclassifiers = ["us-mass"]\nlevel = "image"')
