"""What a request may ask for, checked before anything is looked up."""

from typing import Annotated

from fastapi import Query
from fastapi.exceptions import HTTPException

from service.access.person import Person
from service.dicom.identity import is_safe_uid
from service.storage.ledger.ledger import Ledger
from service.worklist.entries import StudyDetail
from service.worklist.masking import masked_study
from service.worklist.reading import read_study

# Within what every database counts with.
Frame = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


def checked_uid(uid: str) -> str:
    """`uid` itself. Raises HTTPException 404 for what is no UID (PS3.5 section 9.1)."""
    if not is_safe_uid(uid):
        raise HTTPException(
            404, "This address holds no DICOM UID: digits and dots, at most 64. Open the study from the list."
        )
    return uid


def known_study(ledger: Ledger, study_instance_uid: str, research: bool, person: Person) -> StudyDetail:
    """The study, as `person` may see it. Raises HTTPException 404 where it was never received."""
    detail = read_study(ledger, checked_uid(study_instance_uid), research)
    if detail is None:
        raise unreceived(study_instance_uid)
    return masked_study(detail) if person.is_masked else detail


def unreceived(study_instance_uid: str) -> HTTPException:
    """404, in words."""
    return HTTPException(
        404,
        f"No image of the study {study_instance_uid} has been received here. If it was sent just now, "
        "wait a moment and load this page again; if not, check at the scanner that it sends to this "
        "service.",
    )
