"""Facts of studies, for tests of decisions: give what matters, the rest is sensible."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from service.assemble.facts import InstanceFacts, StudyFacts
from service.assemble.policy import Policy, policies
from service.config import AssembleSettings, Completeness
from service.dicom.mammography import MammographyView
from service.study.model import InstanceHeader, Priority, Study, StudyHeader
from service.study.procedure_step import ProcedureStep, ProcedureStepStatus
from service.study.state import StudyState
from service.study.waiting import WaitingStudy
from tests.factories import STUDY

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
FOUR_VIEWS = ("R CC", "L CC", "R MLO", "L MLO")


def at(seconds: float) -> datetime:
    """Seconds after the first image."""
    return START + timedelta(seconds=seconds)


def rule(**values: Any) -> Completeness:
    """A completeness rule for every study."""
    return Completeness.model_validate({"name": "screening", **values})


def policy(**values: Any) -> Policy:
    """The policy of such a rule, with the settings' own defaults."""
    return policies(AssembleSettings(completeness=(rule(**values),)))[0]


def view(name: str, *modifiers: str, **values: Any) -> MammographyView:
    """A mammogram such as `R CC`; a name without a blank has no view, one that begins with it no side."""
    side, _, position = name.partition(" ")
    return MammographyView(side, position, frozenset(modifiers), **values)


def instance(
    image: MammographyView | None = None, announced: int | None = None, **attributes: str
) -> InstanceFacts:
    """One instance."""
    header = InstanceHeader("1.1", {keyword: (value,) for keyword, value in attributes.items()})
    return InstanceFacts(header, StudyHeader(), image, announced)


def waiting(last_s: float = 0.0, released_s: float | None = None, **values: Any) -> WaitingStudy:
    """A study whose last image came, and whose association was released, so long after the first image."""
    study = Study(
        study_instance_uid=values.get("study_instance_uid", STUDY),
        revision=values.get("revision", 1),
        state=StudyState.RECEIVED,
        reason="receiving",
        priority=Priority.ROUTINE,
        instance_count=values.get("count", 1),
        received_at=START,
        updated_at=START,
        header=StudyHeader(),
    )
    released_at = None if released_s is None else at(released_s)
    return WaitingStudy(study, START, at(last_s), released_at, values.get("steps_changed_at"))


def facts(
    *images: MammographyView,
    instances: Sequence[InstanceFacts] = (),
    received: int | Sequence[str] | None = None,
    steps: Sequence[ProcedureStep] = (),
    count_in_pacs: int | None = None,
    last_s: float = 0.0,
    released_s: float | None = None,
) -> StudyFacts:
    """A study of these mammograms and other instances; `received` counts or names them all."""
    all_instances = (*map(instance, images), *instances)
    number = len(all_instances) if received is None else received
    uids = [f"1.{n}" for n in range(number)] if isinstance(number, int) else number
    return StudyFacts(
        waiting(last_s, released_s, count=len(uids)),
        frozenset(uids),
        all_instances,
        tuple(steps),
        count_in_pacs,
    )


def step(status: str, *instance_uids: str) -> ProcedureStep:
    """A procedure step that names these instances."""
    return ProcedureStep("1.9", STUDY, ProcedureStepStatus(status), instance_uids, "MG1", START)
