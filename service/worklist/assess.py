"""What a person says of a result on a study's page: accept, modify, reject."""

from datetime import UTC, datetime

import structlog
from fastapi import APIRouter
from pydantic import BaseModel, Field

from service.storage.assess import assess
from service.storage.ledger import Ledger
from service.study.assessment import Assessment, Verdict
from service.worklist.actions import guarded, unknown_study
from service.worklist.asked import checked_uid

log = structlog.get_logger()


class Assessed(BaseModel):
    """The body of a request. Who assesses is what the person enters: there are no accounts yet."""

    classifier: str = Field(max_length=64)
    revision: int = Field(ge=1)
    """Of the result that the page showed: on a newer one nothing has been said."""
    verdict: Verdict
    category: str = ""
    comment: str = ""
    assessed_by: str


def assess_router(ledger: Ledger, allowed: bool) -> APIRouter:
    """One route, which answers with one sentence. Without `allowed` it is refused."""
    router = APIRouter(dependencies=[guarded(allowed)])

    @router.post("/api/v1/studies/{study_instance_uid}/assessments")
    def add(study_instance_uid: str, body: Assessed) -> dict[str, str]:
        """Keep what a person says of a result, and send it where the result went."""
        assessment = Assessment(
            checked_uid(study_instance_uid),
            body.revision,
            body.classifier,
            body.verdict,
            body.category,
            body.comment,
            body.assessed_by,
            datetime.now(UTC),
        )
        try:
            with ledger.begin() as tx:
                done = assess(tx, assessment)
        except KeyError:
            raise unknown_study() from None
        log.info(
            "result assessed",
            study_instance_uid=study_instance_uid,
            classifier=body.classifier,
            verdict=body.verdict,
        )
        return {"detail": done}

    return router
