"""A classifier in the shadow beside the one whose results are sent: agreement, differences, latency."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from service.storage.ledger.tables.analyses import Analysis
from service.study.result import AnalysisResult
from service.study.state import AnalysisState

Pair = tuple[Analysis, Analysis]
"""What the one in the shadow and what the other one said of one revision of a study; both have ended."""
_PERCENTILES = 20


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A study on whose other side of the operating point the one in the shadow is."""

    study_instance_uid: str
    shadow_probability: float
    probability: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Differences are of an image's probability, shadow minus the other; latencies from queue to result.

    `kappa` (Cohen 1960) is None where both say the same of all studies.
    """

    studies: int
    both_scored: int
    agreement: float | None
    kappa: float | None
    scored_only_by_shadow: int
    scored_only_by_other: int
    failed_in_shadow: int
    images: int
    median_difference: float | None
    difference_95: float | None
    median_latency_s: float | None
    other_median_latency_s: float | None
    disagreements: tuple[Disagreement, ...]


def compare(pairs: Sequence[Pair]) -> Comparison:
    """All that can be said of these studies."""
    scored = [
        (shadow.result, other.result)
        for shadow, other in pairs
        if shadow.result and other.result and shadow.result.scores and other.result.scores
    ]
    decisions = [(_is_positive(shadow), _is_positive(other)) for shadow, other in scored]
    differences = [difference for shadow, other in scored for difference in _differences(shadow, other)]
    sizes = sorted(abs(difference) for difference in differences)
    return Comparison(
        studies=len(pairs),
        both_scored=len(scored),
        agreement=_mean([one == other for one, other in decisions]),
        kappa=_kappa(decisions),
        scored_only_by_shadow=sum(_is_scored(one) and not _is_scored(other) for one, other in pairs),
        scored_only_by_other=sum(_is_scored(other) and not _is_scored(one) for one, other in pairs),
        failed_in_shadow=sum(one.state is AnalysisState.FAILED for one, _ in pairs),
        images=len(differences),
        median_difference=median(differences) if differences else None,
        difference_95=quantiles(sizes, n=_PERCENTILES)[-1] if len(sizes) > 1 else None,
        median_latency_s=_latency_s([one for one, _ in pairs]),
        other_median_latency_s=_latency_s([other for _, other in pairs]),
        disagreements=tuple(
            Disagreement(shadow.study_instance_uid, _highest(shadow), _highest(other))
            for shadow, other in scored
            if _is_positive(shadow) != _is_positive(other)
        ),
    )


def _is_scored(analysis: Analysis) -> bool:
    return bool(analysis.result and analysis.result.scores)


def _is_positive(result: AnalysisResult) -> bool:
    return any(score.positive for score in result.scores)


def _highest(result: AnalysisResult) -> float:
    return max(score.probability for score in result.scores)


def _differences(shadow: AnalysisResult, other: AnalysisResult) -> list[float]:
    of_other = {score.sop_instance_uid: score.probability for score in other.scores}
    return [
        score.probability - of_other[score.sop_instance_uid]
        for score in shadow.scores
        if score.sop_instance_uid in of_other
    ]


def _latency_s(analyses: Sequence[Analysis]) -> float | None:
    seconds = [(one.finished_at - one.queued_at).total_seconds() for one in analyses if one.finished_at]
    return median(seconds) if seconds else None


def _mean(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None


def _kappa(decisions: Sequence[tuple[bool, bool]]) -> float | None:
    """Agreement beyond what two who decide by chance would have."""
    if not decisions:
        return None
    count = len(decisions)
    observed = sum(one == other for one, other in decisions) / count
    positive = [sum(side) / count for side in zip(*decisions, strict=True)]
    expected = positive[0] * positive[1] + (1 - positive[0]) * (1 - positive[1])
    return None if expected == 1 else (observed - expected) / (1 - expected)
