"""What every message says of a result: the patient, the study, one statement for each breast, and what a
person has said of it since.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from service.config import ReportSettings
from service.report.images.legend import RESEARCH_USE
from service.report.text import above_operating_point, one_line
from service.study.assessment import Assessment, Verdict
from service.study.model import StudyHeader
from service.study.result import AnalysisResult, ImageScore


class Named(Protocol):
    """A result object."""

    @property
    def kind(self) -> str:
        """As in `service.config.profiles`."""
        ...

    @property
    def sop_instance_uid(self) -> str:
        """Its UID."""
        ...


@dataclass(frozen=True, slots=True)
class Said:
    """`patient` as she is shown to people. `objects`: SOP Instance UIDs of the DICOM objects, by kind.
    `assessment`: what the message is sent for, where a person has judged the result.
    """

    result: AnalysisResult
    patient: StudyHeader
    settings: ReportSettings
    objects: Mapping[str, tuple[str, ...]]
    assessment: Assessment | None = None

    @property
    def warning(self) -> str:
        """Empty for a cleared product."""
        return RESEARCH_USE if self.settings.is_research else ""

    @property
    def is_rejected(self) -> bool:
        """Whether a person says that the result is wrong."""
        return self.assessment is not None and self.assessment.verdict is Verdict.REJECTED

    @property
    def said_at(self) -> datetime:
        """When the newest of all this was said."""
        return self.assessment.assessed_at if self.assessment else self.result.finished_at

    @property
    def comments(self) -> Iterator[str]:
        """Whole sentences."""
        result = self.result
        if self.warning:
            yield self.warning
        yield f"Automated analysis, {self._review}. {above_operating_point(result)}."
        if result.refusals:
            yield f"Not analysed: {result.refusal_summary()}."
        if self.assessment and (comment := one_line(self.assessment.comment)):
            yield f"{self.assessment.assessed_by}: {comment}"

    @property
    def _review(self) -> str:
        one = self.assessment
        if one is None:
            return "not reviewed"
        category = f" to category {one.category}" if one.category else ""
        return f"{one.verdict}{category} by {one.assessed_by}"

    @property
    def breasts(self) -> Iterator[tuple[str, ImageScore]]:
        """Each side, "L", "R" or "" (not given), with the image that speaks for it."""
        yield from self.result.by_side().items()


def by_kind(objects: Iterable[Named]) -> dict[str, tuple[str, ...]]:
    """Their SOP Instance UIDs, by kind."""
    found: dict[str, tuple[str, ...]] = {}
    for one in objects:
        found[one.kind] = (*found.get(one.kind, ()), one.sop_instance_uid)
    return found
