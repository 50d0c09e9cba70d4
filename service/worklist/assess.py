"""What a person says of a result on a study's page: accept, modify, reject."""

from datetime import UTC, datetime
from typing import Annotated

import structlog
from fastapi import APIRouter
from pydantic import BaseModel, Field

from service.access.person import Person
from service.access.records import Action
from service.access.roles import Permission
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.assess import assess
from service.study.assessment import Assessment, Verdict
from service.worklist.access.gate import Gate
from service.worklist.actions import guarded, unknown_study
from service.worklist.asked import checked_uid

log = structlog.get_logger()


class Assessed(BaseModel):
    """The body of a request. Who has signed in assesses by the account's name; others say who they are."""

    classifier: str = Field(max_length=64)
    revision: int = Field(ge=1)
    """Of the result that the page showed: on a newer one nothing has been said."""
    verdict: Verdict
    category: str = ""
    comment: str = ""
    assessed_by: str = ""


def assess_router(ledger: Ledger, gate: Gate) -> APIRouter:
    """One route, which answers with one sentence. Where the settings allow no actions it is refused."""
    router = APIRouter(dependencies=[guarded(gate.settings.actions)])

    @router.post("/api/v1/studies/{study_instance_uid}/assessments")
    def add(
        study_instance_uid: str,
        body: Assessed,
        person: Annotated[Person, gate.needs(Permission.ASSESS)],
    ) -> dict[str, str]:
        """Keep what a person says of a result, and send it where the result went."""
        assessment = Assessment(
            checked_uid(study_instance_uid),
            body.revision,
            body.classifier,
            body.verdict,
            body.category,
            body.comment,
            person.full_name if person.has_signed_in else body.assessed_by,
            datetime.now(UTC),
        )
        try:
            with ledger.begin() as tx:
                done = assess(tx, assessment)
        except KeyError:
            raise unknown_study() from None
        gate.trail.note(person, Action.ASSESSED, study_instance_uid, f"{body.classifier}: {body.verdict}")
        log.info(
            "result assessed",
            study_instance_uid=study_instance_uid,
            classifier=body.classifier,
            verdict=body.verdict,
        )
        return {"detail": done}

    return router
