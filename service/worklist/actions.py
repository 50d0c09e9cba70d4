"""What a person can do on a study's page: make it urgent, and try it again."""

from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends
from fastapi.exceptions import HTTPException
from fastapi.params import Depends as DependsOn

from service.access.person import Person
from service.access.records import Action as Audited
from service.access.roles import Permission
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.make_urgent import make_urgent
from service.storage.ledger.steps.retry_study import retry_study
from service.storage.ledger.steps.send_again import send_again
from service.study.model import Priority
from service.study.state import StudyState
from service.worklist.access.gate import Gate
from service.worklist.asked import checked_uid
from service.worklist.entries import StudyDetail

log = structlog.get_logger()

WAITING = (StudyState.RECEIVED, StudyState.PARKED, StudyState.ASSEMBLED, StudyState.QUEUED)
STOPPED = (StudyState.FAILED, StudyState.NOT_ANALYSED, StudyState.PARKED)


@dataclass(frozen=True, slots=True)
class Action:
    """A button, and where it posts to."""

    label: str
    path: str


def offered(detail: StudyDetail) -> tuple[Action, ...]:
    """The actions that make sense for a study as it stands."""
    entry = detail.entry
    path = f"/api/v1/studies/{entry.study_instance_uid}"
    found = []
    if entry.priority is Priority.ROUTINE and entry.state in WAITING:
        found.append(Action("Make urgent", f"{path}/urgent"))
    is_half_done = entry.state is StudyState.DELIVERED and detail.given_up and not detail.images_removed
    if entry.state in STOPPED or is_half_done:
        found.append(Action("Try again", f"{path}/retry"))
    elif entry.state is StudyState.DELIVERED and not detail.images_removed:
        found.append(Action("Run again", f"{path}/retry"))
    if entry.state is StudyState.DELIVERED and entry.destinations:
        found.append(Action("Send again", f"{path}/send-again"))
    return tuple(found)


def actions_router(ledger: Ledger, gate: Gate) -> APIRouter:
    """The actions; each answers with one sentence. Where the settings allow none, each is refused."""
    router = APIRouter(dependencies=[guarded(gate.settings.actions)])

    @router.post("/api/v1/studies/{study_instance_uid}/urgent")
    def urgent(
        study_instance_uid: str, person: Annotated[Person, gate.needs(Permission.ACT)]
    ) -> dict[str, str]:
        """Have the study analysed before routine ones."""
        try:
            with ledger.begin() as tx:
                done = make_urgent(tx, checked_uid(study_instance_uid), person.told())
        except KeyError:
            raise unknown_study() from None
        gate.trail.note(person, Audited.MADE_URGENT, study_instance_uid)
        log.info("study made urgent on its page", study_instance_uid=study_instance_uid, done=done)
        return {"detail": done}

    @router.post("/api/v1/studies/{study_instance_uid}/retry")
    def retry(
        study_instance_uid: str, person: Annotated[Person, gate.needs(Permission.ACT)]
    ) -> dict[str, str]:
        """Route and analyse the study again."""
        try:
            with ledger.begin() as tx:
                retry_study(tx, checked_uid(study_instance_uid), f"tried again by {person.told()}")
        except KeyError:
            raise unknown_study() from None
        gate.trail.note(person, Audited.RETRIED, study_instance_uid)
        log.info("study tried again on its page", study_instance_uid=study_instance_uid)
        return {"detail": "the study is routed again within seconds"}

    @router.post("/api/v1/studies/{study_instance_uid}/send-again")
    def again(
        study_instance_uid: str, person: Annotated[Person, gate.needs(Permission.ACT)]
    ) -> dict[str, str]:
        """Send the newest results once more to every destination that had taken them."""
        try:
            with ledger.begin() as tx:
                done = send_again(tx, checked_uid(study_instance_uid), person.told())
        except KeyError:
            raise unknown_study() from None
        gate.trail.note(person, Audited.SENT_AGAIN, study_instance_uid)
        log.info("results sent again from their page", study_instance_uid=study_instance_uid, done=done)
        return {"detail": done}

    return router


def guarded(allowed: bool) -> DependsOn:
    """What routes that change something depend on, too: that the settings allow it."""
    depends: DependsOn = Depends(_agree if allowed else _refuse)
    return depends


def _agree() -> None:
    pass


def _refuse() -> None:
    raise HTTPException(403, "this page only reads: worklist.actions is off")


def unknown_study() -> HTTPException:
    """404, in words."""
    return HTTPException(404, "no image of this study has been received here")
