"""What became of a study, judged from what the scanners, the ledger and the PACS say. No input, no output."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from service.study.state import StudyState
from tests.faults.seen import Entered, Held, Report
from tests.faults.studies import SmallStudy


class Verdict(StrEnum):
    """Only the first one is as it should be."""

    ONCE = "once"
    TWICE = "twice"
    LOST = "lost"
    STUCK = "stuck"
    MANUAL = "manual"
    """It waits for a person, and says so."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, and what it was reached by."""

    verdict: Verdict
    why: str = ""


def judge(study: SmallStudy, acknowledged: Collection[str], entered: Entered, held: Held) -> Judgement:
    """What became of `study`, of which the images `acknowledged` were answered with Success."""
    for verdict, reasons in (
        (Verdict.TWICE, _doubled(held)),
        (Verdict.LOST, _not_kept(study, acknowledged, entered)),
        (Verdict.STUCK, _not_answered(study, acknowledged)),
        (Verdict.MANUAL, _left_to_a_person(entered)),
        (Verdict.STUCK, _not_ended(entered)),
        (Verdict.LOST, _not_there(study, entered, held)),
    ):
        if why := next(reasons, ""):
            return Judgement(verdict, why)
    return Judgement(Verdict.ONCE)


def _doubled(held: Held) -> Iterator[str]:
    for series in {report.series_uid for report in held.reports}:
        reports = [report for report in held.reports if report.series_uid == series]
        if len({report.images for report in reports}) < len(reports):
            yield f"several reports on the same images: {', '.join(report.uid for report in reports)}"
        if len(newest := _newest(reports)) != 1:
            yield f"{len(newest)} reports of {len(reports)} that none replaces"
    for image, count in Counter(heatmap.image for heatmap in held.heatmaps).items():
        if count > 1:
            yield f"{count} heatmaps of the image {image}"


def _newest(reports: Collection[Report]) -> list[Report]:
    """Those that no other one names as its predecessor."""
    replaced = {uid for report in reports for uid in report.predecessors}
    return [report for report in reports if report.uid not in replaced]


def _not_kept(study: SmallStudy, acknowledged: Collection[str], entered: Entered) -> Iterator[str]:
    digests = entered.digests or {}
    for image in study.images:
        if image.uid in acknowledged and image.uid not in digests:
            yield f"the image {image.uid} was acknowledged and is not in the ledger"
        elif image.uid in digests and digests[image.uid] != image.digest:
            yield f"the store does not hold the pixels of the image {image.uid}"


def _not_answered(study: SmallStudy, acknowledged: Collection[str]) -> Iterator[str]:
    for image in study.images:
        if image.uid not in acknowledged:
            yield f"the image {image.uid} could not be sent"


def _left_to_a_person(entered: Entered) -> Iterator[str]:
    if entered.state in {StudyState.PARKED, StudyState.FAILED}:
        yield f"{entered.state}: {entered.reason}"


def _not_ended(entered: Entered) -> Iterator[str]:
    if entered.state not in {StudyState.DELIVERED, StudyState.NOT_ANALYSED}:
        yield f"still {entered.state}: {entered.reason}"
    elif not entered.reason:
        yield f"{entered.state} without a reason"


def _not_there(study: SmallStudy, entered: Entered, held: Held) -> Iterator[str]:
    if entered.state is StudyState.NOT_ANALYSED:
        yield f"not analysed: {entered.reason}"
    if not held.reports:
        yield f"{entered.state}, and the PACS holds no report"
    images = {image.uid for image in study.images}
    heatmaps = {heatmap.uid for heatmap in held.heatmaps}
    for report in _newest(held.reports):
        if missing := images - report.images:
            yield f"the newest report does not name {len(missing)} of {len(images)} images"
        if report.heatmaps - heatmaps:
            yield "the PACS lacks a heatmap that the newest report names"
    if missing := images - {heatmap.image for heatmap in held.heatmaps}:
        yield f"{len(missing)} of {len(images)} images without a heatmap"
