from typing import Any

import pytest

from service.assemble.views import views_finding
from service.config import ExpectedViews
from service.dicom.mammography import MammographyView
from tests.unit.assemble.builders import FOUR_VIEWS, facts, instance, view

FOUR = [view(name) for name in FOUR_VIEWS]
RIGHT = [view("R CC"), view("R MLO")]


def wanted(**values: Any) -> ExpectedViews:
    return ExpectedViews.model_validate({"expected": FOUR_VIEWS, **values})


@pytest.mark.parametrize(
    ("images", "is_met", "text"),
    [
        (FOUR, True, "all expected views are here: R CC, L CC, R MLO, L MLO"),
        ([*FOUR, view("R CC", "spot compression")], True, "all expected views are here"),
        (FOUR[:3], False, "waiting for views: L MLO"),
        (FOUR[1:], False, "waiting for views: R CC"),
        ([view("R CC"), view("R CC"), view("L MLO")], False, "waiting for views: L CC, R MLO"),
        ([], None, "no mammogram is here"),
    ],
)
def test_study_has_its_views_or_waits_for_those_that_are_missing(
    images: list[MammographyView], is_met: bool | None, text: str
) -> None:
    finding = views_finding(wanted(), facts(*images), is_quiet=False)
    assert finding.is_met is is_met
    assert finding.text.startswith(text)


@pytest.mark.parametrize(
    ("last", "rule", "not_counted"),
    [
        (view("L MLO", "implant displaced"), {}, "1 implant displaced"),
        (view("L MLO", "spot compression"), {"implant_displaced": True, "tomosynthesis": True}, "1 spot"),
        (view("L MLO", "magnification", "spot compression"), {}, "1 magnification, spot compression"),
        (view("L MLO", "399197002"), {}, "1 399197002"),
        (view("L MLO", is_tomosynthesis=True), {}, "1 tomosynthesis"),
        (view("L MLO", is_for_presentation=False), {"tomosynthesis": True}, "1 FOR PROCESSING"),
        (view("L MLO", "implant displaced", is_tomosynthesis=True), {"tomosynthesis": True}, "1 implant"),
        (view(" MLO"), {}, "1 side or view not coded"),
        (view("L "), {}, "1 side or view not coded"),
    ],
)
def test_image_that_is_not_the_plain_view_does_not_replace_it(
    last: MammographyView, rule: dict[str, Any], not_counted: str
) -> None:
    finding = views_finding(wanted(**rule), facts(*FOUR[:3], last), is_quiet=True)
    assert finding.is_met is False
    assert finding.text.startswith(f"waiting for views: L MLO (not counted: {not_counted}")


@pytest.mark.parametrize(
    ("last", "rule"),
    [
        (view("L MLO", is_tomosynthesis=True), {"tomosynthesis": True}),
        (view("L MLO", "implant displaced"), {"implant_displaced": True}),
        (
            view("L MLO", "implant displaced", is_tomosynthesis=True),
            {"tomosynthesis": True, "implant_displaced": True},
        ),
    ],
)
def test_image_counts_as_its_view_when_the_rule_says_so(last: MammographyView, rule: dict[str, Any]) -> None:
    assert views_finding(wanted(**rule), facts(*FOUR[:3], last), is_quiet=False).is_met


def test_unilateral_study_has_all_its_views_only_after_the_quiet_period() -> None:
    before = views_finding(wanted(), facts(*RIGHT), is_quiet=False)
    after = views_finding(wanted(), facts(*RIGHT), is_quiet=True)
    assert (before.is_met, after.is_met) == (False, True)
    assert before.text == (
        "waiting for views: L CC, L MLO, or as all mammograms show R, for the quiet period"
    )
    assert after.text.startswith("unilateral: all mammograms show R, and its views are here: R CC, R MLO")


@pytest.mark.parametrize(
    "more",
    [
        [view("L CC")],
        [view("L CC", "spot compression")],
        [view("L CC", is_for_presentation=False)],
        [view(" CC")],
    ],
)
def test_study_is_not_unilateral_when_any_image_may_show_the_other_side(more: list[MammographyView]) -> None:
    assert views_finding(wanted(), facts(*RIGHT, *more), is_quiet=True).is_met is False


def test_unilateral_study_with_a_view_missing_on_its_side_waits() -> None:
    finding = views_finding(wanted(), facts(view("R CC")), is_quiet=True)
    assert (finding.is_met, finding.text) == (False, "waiting for views: L CC, R MLO, L MLO")


def test_one_side_of_which_no_view_is_expected_is_not_enough() -> None:
    finding = views_finding(wanted(expected=["L CC"]), facts(*RIGHT), is_quiet=True)
    assert (finding.is_met, finding.text) == (False, "waiting for views: L CC")


ANNOUNCED = {"unilateral_when": {"StudyDescription": {"matches": "*unilat*"}}}


@pytest.mark.parametrize(
    ("description", "is_met"), [("MAMMO UNILAT RIGHT", True), ("MAMMO BILATERAL", False)]
)
def test_announced_unilateral_study_is_complete_with_the_views_of_its_side(
    description: str, is_met: bool
) -> None:
    study = facts(*RIGHT, instances=[instance(StudyDescription=description)])
    assert views_finding(wanted(**ANNOUNCED), study, is_quiet=False).is_met is is_met


def test_announced_unilateral_study_with_images_of_both_sides_waits_for_all_views() -> None:
    study = facts(*FOUR[:3], instances=[instance(StudyDescription="unilat")])
    assert views_finding(wanted(**ANNOUNCED), study, is_quiet=True).is_met is False


def test_quiet_period_tells_nothing_where_only_an_announcement_does() -> None:
    finding = views_finding(wanted(unilateral="when_announced"), facts(*RIGHT), is_quiet=True)
    assert (finding.is_met, finding.text) == (False, "waiting for views: L CC, L MLO")
