from datetime import timedelta

import pytest

from service.assemble.policy import policies, policy_for
from service.config import AssembleSettings
from service.study.model import InstanceHeader
from tests.unit.assemble.builders import FOUR_VIEWS, policy, rule

MG = rule(name="mammography", when={"Modality": "MG", "StudyDescription": {"matches": "*screen*"}})
ANY_MG = rule(name="other-mammography", when={"Modality": "MG"}, quiet_period_s=300, at_ceiling="park")
SETTINGS = AssembleSettings(quiet_period_s=90, ceiling_s=1000, completeness=(MG, ANY_MG))


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ([{"Modality": ("MG",), "StudyDescription": ("Screening",)}], "mammography"),
        ([{"Modality": ("MG",)}, {"StudyDescription": ("Screening",)}], "other-mammography"),
        ([{"Modality": ("US",)}], ""),
        ([], ""),
    ],
)
def test_first_rule_that_one_image_fulfils_applies(
    headers: list[dict[str, tuple[str, ...]]], name: str
) -> None:
    found = policy_for(policies(SETTINGS), [InstanceHeader("1.1", header) for header in headers])
    assert found.name == name


def test_rule_takes_what_it_does_not_say_from_the_settings_of_all() -> None:
    first, second, default = policies(SETTINGS)
    assert [one.quiet_period.total_seconds() for one in (first, second, default)] == [90, 300, 90]
    assert [one.parks for one in (first, second, default)] == [False, True, False]
    assert {one.ceiling for one in (first, second, default)} == {timedelta(seconds=1000)}


def test_rule_without_conditions_has_nothing_to_tell_before_the_quiet_period() -> None:
    assert policy(quiet_period_s=30).earliest == timedelta(seconds=30)
    assert policy(views={"expected": FOUR_VIEWS}).earliest == timedelta(seconds=5)
    assert policy(count="announced", settling_s=80).earliest == timedelta(seconds=60)
