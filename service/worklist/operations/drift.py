"""Whether a classifier sees on a scanner what it used to see: scores, refusals, what radiologists said."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.storage.ledger.tables.analyses import Analysis
from service.study.assessment import Assessment, Verdict
from service.study.state import AnalysisState
from service.worklist.operations.figures import Shift, histogram, shift

RECENT, BEFORE = timedelta(days=7), timedelta(days=28)
"""The last week is compared with the three before it."""
_TOGETHER, _APART = 0, 1


@dataclass(frozen=True, slots=True)
class Drift:
    """One classifier in one version on what one scanner sends, or all scanners of one site.

    `recent` and `before` are counts of studies by their highest probability. `positive` and `refused` are
    shares, None of nothing; `accepted` that of the assessed results which radiologists left as they were.
    """

    scanner: str
    """Empty for those of a site together."""
    site: str
    """Empty where the settings name none."""
    classifier: str
    version: str
    recent: tuple[int, ...]
    before: tuple[int, ...]
    positive: float | None
    positive_before: float | None
    refused: float | None
    refused_before: float | None
    accepted: float | None
    assessed: int
    shift: Shift

    @property
    def studies(self) -> int:
        """Scored in the last week."""
        return sum(self.recent)


def drifts(
    analyses: Iterable[Analysis],
    scanners: Mapping[str, str],
    assessments: Iterable[Assessment],
    now: datetime,
    sites: Mapping[str, str],
) -> list[Drift]:
    """By site, then by scanner, and by classifier, the newest version of each. `sites`: by scanner."""
    groups: dict[tuple[int, str, str, str], list[Analysis]] = defaultdict(list)
    for one in analyses:
        scanner = scanners.get(one.study_instance_uid, "unknown")
        site = sites.get(scanner, "")
        if site:
            groups[_TOGETHER, site, "", one.classifier].append(one)
        groups[_APART, site, scanner, one.classifier].append(one)
    said = _last_words(assessments)
    return [
        _drift(scanner, site, group, said, now) for (_, site, scanner, _), group in sorted(groups.items())
    ]


def _drift(
    scanner: str, site: str, group: list[Analysis], said: Mapping[tuple[str, str], Verdict], now: datetime
) -> Drift:
    """`group` is newest first."""
    version = next((one.result.classifier.version for one in group if one.result), "")
    of_version = [one for one in group if one.result and one.result.classifier.version == version]
    recent = [one for one in of_version if _ended(one) >= now - RECENT]
    before = [one for one in of_version if _ended(one) < now - RECENT]
    verdicts = [said[key] for one in of_version if (key := (one.study_instance_uid, one.classifier)) in said]
    scores, scores_before = _scores(recent), _scores(before)
    return Drift(
        scanner=scanner,
        site=site,
        classifier=group[0].classifier,
        version=version,
        recent=histogram(scores),
        before=histogram(scores_before),
        positive=_positive(recent),
        positive_before=_positive(before),
        refused=_refused(recent),
        refused_before=_refused(before),
        accepted=_share(one is Verdict.ACCEPTED for one in verdicts),
        assessed=len(verdicts),
        shift=shift(scores, scores_before),
    )


def _last_words(assessments: Iterable[Assessment]) -> dict[tuple[str, str], Verdict]:
    """The last verdict on each classifier's result of each study; `assessments` are oldest first."""
    return {(one.study_instance_uid, one.classifier): one.verdict for one in assessments}


def _ended(analysis: Analysis) -> datetime:
    return analysis.finished_at or analysis.queued_at


def _scores(analyses: Iterable[Analysis]) -> list[float]:
    """The highest probability of each study."""
    found = (one.result.most_suspicious for one in analyses if one.result)
    return [score.probability for score in found if score]


def _positive(analyses: Iterable[Analysis]) -> float | None:
    scored = (one.result.most_suspicious for one in analyses if one.result)
    return _share(score.positive for score in scored if score)


def _refused(analyses: Iterable[Analysis]) -> float | None:
    return _share(one.state is AnalysisState.NOT_ANALYSED for one in analyses)


def _share(answers: Iterable[bool]) -> float | None:
    found = list(answers)
    return sum(found) / len(found) if found else None
