"""Two classifiers on the same studies, from the ledger, and as a table."""

from datetime import datetime

from rich.table import Table

from service.cli.rules.shadow_agreement import Comparison, Pair, compare
from service.errors import ConfigurationError
from service.storage.ledger.ledger import Ledger
from service.study.state import AnalysisState


def comparison_of(ledger: Ledger, classifier: str, against: str, since: datetime) -> Comparison:
    """Of all studies that both have read. Raises ConfigurationError where there is none."""
    pairs = _pairs(ledger, classifier, against, since)
    if not pairs:
        raise ConfigurationError(
            f"{classifier} has read no study in the shadow since {since:%Y-%m-%d} that {against} has read "
            "too: name it in rules[].shadow"
        )
    return compare(pairs)


def _pairs(ledger: Ledger, classifier: str, against: str, since: datetime) -> list[Pair]:
    with ledger.read() as tx:
        pairs = [
            (one, tx.analyses.find(one.study_instance_uid, one.revision, against))
            for one in tx.analyses.in_shadow(classifier, since)
            if one.state is not AnalysisState.QUEUED
        ]
    return [(one, other) for one, other in pairs if other and other.state is not AnalysisState.QUEUED]


def comparison_table(found: Comparison, classifier: str, against: str) -> Table:
    """For people."""
    table = Table(title=f"{classifier} in the shadow of {against}", show_header=False)
    for what, value in (
        ("studies that both have read", f"{found.studies}"),
        ("scored by both", f"{found.both_scored}"),
        (f"scored by {classifier} only", f"{found.scored_only_by_shadow}"),
        (f"scored by {against} only", f"{found.scored_only_by_other}"),
        (f"failed in {classifier}", f"{found.failed_in_shadow}"),
        ("same decision on the study", _share(found.agreement)),
        ("kappa", "-" if found.kappa is None else f"{found.kappa:.2f}"),
        ("median difference of an image's probability", _points(found.median_difference)),
        ("95 % of the images differ by at most", _points(found.difference_95)),
        ("from queue to result, median", _seconds(found.median_latency_s)),
        (f"the same of {against}", _seconds(found.other_median_latency_s)),
        ("studies decided otherwise", f"{len(found.disagreements)}"),
    ):
        table.add_row(what, value)
    return table


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _points(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} percentage points"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"
