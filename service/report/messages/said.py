"""What every message says of a result: the patient, the study, and one statement for each breast."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from service.config import ReportSettings
from service.report.legend import RESEARCH_USE
from service.report.text import above_operating_point
from service.study.model import StudyHeader
from service.study.result import AnalysisResult, ImageScore


@dataclass(frozen=True, slots=True)
class Said:
    """`patient` as she is shown to people. `objects`: SOP Instance UIDs of the DICOM objects, by kind."""

    result: AnalysisResult
    patient: StudyHeader
    settings: ReportSettings
    objects: Mapping[str, tuple[str, ...]]

    @property
    def warning(self) -> str:
        """Empty for a cleared product."""
        return RESEARCH_USE if self.settings.is_research else ""

    @property
    def comments(self) -> Iterator[str]:
        """Whole sentences."""
        result = self.result
        if self.warning:
            yield self.warning
        yield f"Automated analysis, not reviewed. {above_operating_point(result)}."
        if result.refusals:
            yield f"Not analysed: {result.refusal_summary()}."

    @property
    def breasts(self) -> Iterator[tuple[str, ImageScore]]:
        """Each side, "L", "R" or "" (not given), with the image that speaks for it."""
        yield from self.result.by_side().items()
