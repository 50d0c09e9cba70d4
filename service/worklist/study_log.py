"""The log of a study: what every role did about it, for programs as JSON and for people as text."""

from typing import Annotated

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from service.access.person import Person
from service.access.records import Action
from service.access.roles import Permission
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.questions.study_log import study_log
from service.worklist.access.gate import Gate
from service.worklist.asked import checked_uid, unreceived
from service.worklist.entries import StudyLog


def read_log(ledger: Ledger, study_instance_uid: str) -> StudyLog:
    """The log as it is now. Raises HTTPException 404 for a study that was never received."""
    try:
        with ledger.read() as tx:
            return StudyLog(study_instance_uid, study_log(tx, checked_uid(study_instance_uid)))
    except KeyError:
        raise unreceived(study_instance_uid) from None


def as_text(log: StudyLog) -> str:
    """A line for each entry, to be read by people, searched, and sent to who is asked for help."""
    lines = (
        f"{one.at:%Y-%m-%dT%H:%M:%S.%f}Z {one.role:8} revision {one.revision} {one.event}: {one.text}"
        for one in log.entries
    )
    return "\n".join((f"# Preread, study {log.study_instance_uid}, no patient data", *lines, ""))


def log_router(ledger: Ledger, gate: Gate) -> APIRouter:
    """Two routes."""
    router = APIRouter()
    needed = gate.needs(Permission.STUDIES, Action.VIEWED)

    @router.get("/api/v1/studies/{study_instance_uid}/log")
    def log(study_instance_uid: str, _: Annotated[Person, needed]) -> StudyLog:
        """What every role did about the study, without patient data, in English."""
        return read_log(ledger, study_instance_uid)

    @router.get(
        "/api/v1/studies/{study_instance_uid}/log.txt",
        response_class=PlainTextResponse,
        responses={200: {"description": "A line for each entry"}},
    )
    def text(study_instance_uid: str, _: Annotated[Person, needed]) -> Response:
        """The same as text."""
        name = f'attachment; filename="preread-{checked_uid(study_instance_uid)}.log"'
        return PlainTextResponse(
            as_text(read_log(ledger, study_instance_uid)), headers={"Content-Disposition": name}
        )

    return router
