"""What a person says of a classifier's result: it is right, right but for the category, or wrong."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from service.errors import InvalidAssessment

CATEGORIES = ("0", "1", "2", "3", "4A", "4B", "4C", "5")
"""BI-RADS assessment categories that a person may give in place of a suggested one."""
COMMENT_CHARS = 500
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .,'_-]{0,63}")


class Verdict(StrEnum):
    """On one result."""

    ACCEPTED = "accepted"
    MODIFIED = "modified"
    """Another category than the suggested one."""
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Assessment:
    """One person's word on what one classifier says of one revision of a study.

    `category` is the person's own, and empty but for MODIFIED. `assessed_by` is what the person calls
    herself. `sop_instance_uid` is that of the object that tells of it; empty until it is written.
    """

    study_instance_uid: str
    revision: int
    classifier: str
    verdict: Verdict
    category: str
    comment: str
    assessed_by: str
    assessed_at: datetime
    sop_instance_uid: str = ""

    def __post_init__(self) -> None:
        """Raises InvalidAssessment, which says what to enter instead."""
        if not _NAME.fullmatch(self.assessed_by):
            raise InvalidAssessment(
                "say who assesses: 1 to 64 letters of ASCII, digits, spaces, and . , ' _ -; it becomes the "
                "observer's name in the DICOM object"
            )
        if (self.verdict is Verdict.MODIFIED) != bool(self.category):
            raise InvalidAssessment("give a category with 'modified', and none with another verdict")
        if self.category and self.category not in CATEGORIES:
            raise InvalidAssessment(f"the category is one of {', '.join(CATEGORIES)}")
        if len(self.comment) > COMMENT_CHARS:
            raise InvalidAssessment(
                f"the comment has {len(self.comment)} characters: {COMMENT_CHARS} at most"
            )
        if self.verdict is Verdict.REJECTED and not self.comment.strip():
            raise InvalidAssessment("say in the comment why the result is rejected")
