from typing import Any

import pytest

from service.assemble.conditions import findings
from service.assemble.facts import StudyFacts
from service.assemble.finding import Finding
from service.study.procedure_step import ProcedureStep
from tests.unit.assemble.builders import FOUR_VIEWS, facts, instance, rule, step, view


def only(found: StudyFacts, **conditions: Any) -> Finding:
    (finding,) = findings(rule(**conditions), found, is_quiet=False)
    return finding


@pytest.mark.parametrize(
    ("announced", "received", "is_met", "text"),
    [
        ([4], 4, True, "all 4 images announced are here"),
        ([4], 5, True, "all 4 images announced are here"),
        ([4], 3, False, "waiting: 3 of 4 images announced are here"),
        ([1, 2, 3], 3, True, "all 3 images announced are here"),
        ([4, 2, None], 3, False, "waiting: 3 of 4 images announced are here"),
        ([None], 1, None, "no number of images announced is known"),
        ([], 1, None, "no number of images announced is known"),
    ],
)
def test_study_is_complete_with_as_many_images_as_were_announced(
    announced: list[int | None], received: int, is_met: bool | None, text: str
) -> None:
    study = facts(instances=[instance(announced=number) for number in announced], received=received)
    assert only(study, count="announced") == Finding(is_met, text)


@pytest.mark.parametrize(("in_pacs", "is_met"), [(3, True), (2, True), (4, False), (None, None)])
def test_study_is_complete_with_as_many_images_as_the_pacs_has(
    in_pacs: int | None, is_met: bool | None
) -> None:
    assert only(facts(received=3, count_in_pacs=in_pacs), count="pacs").is_met is is_met


@pytest.mark.parametrize(
    ("steps", "is_met", "text"),
    [
        ([], None, "no procedure step is known"),
        ([step("COMPLETED", "1.0", "1.1")], True, "the procedure steps have ended, and their 2 images"),
        ([step("COMPLETED", "1.0"), step("DISCONTINUED", "1.1")], True, "the procedure steps have ended"),
        ([step("COMPLETED", "1.0"), step("DISCONTINUED")], True, "the procedure steps have ended"),
        ([step("COMPLETED", "1.0"), step("IN PROGRESS")], False, "waiting: 1 of 2 procedure steps are in"),
        ([step("COMPLETED", "1.0", "1.8")], False, "waiting: 1 of 2 images of the procedure steps are here"),
        ([step("COMPLETED", "1.0"), step("DISCONTINUED", "1.8")], False, "waiting: 1 of 2 images of the"),
        ([step("COMPLETED")], None, "the procedure steps have ended, but not each says"),
        ([step("COMPLETED", "1.0"), step("COMPLETED")], None, "the procedure steps have ended, but not"),
        ([step("DISCONTINUED")], None, "the procedure steps have ended, but not each says"),
    ],
)
def test_study_is_complete_when_its_steps_have_ended_and_their_images_are_here(
    steps: list[ProcedureStep], is_met: bool | None, text: str
) -> None:
    finding = only(facts(received=["1.0", "1.1"], steps=steps), procedure_steps=True)
    assert finding.is_met is is_met
    assert finding.text.startswith(text)


@pytest.mark.parametrize(("released_s", "is_met"), [(None, None), (9.0, None), (10.0, True), (11.0, True)])
def test_release_counts_when_it_came_after_the_last_image(
    released_s: float | None, is_met: bool | None
) -> None:
    assert only(facts(last_s=10.0, released_s=released_s), association_released=True).is_met is is_met


def test_each_condition_that_the_rule_names_is_looked_at() -> None:
    everything = rule(
        views={"expected": FOUR_VIEWS}, count="announced", procedure_steps=True, association_released=True
    )
    assert len(findings(everything, facts(view("R CC")), is_quiet=False)) == 4
    assert findings(rule(), facts(view("R CC")), is_quiet=False) == []
