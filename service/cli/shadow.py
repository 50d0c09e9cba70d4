"""`preread shadow report`: how a classifier does in the shadow of the one whose results are sent."""

import json
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.cli.options import AsJson, Last, span
from service.cli.shadow_comparison import Comparison, Pair, compare
from service.config.load import load_settings
from service.errors import ConfigurationError
from service.storage.ledger import Ledger
from service.study.state import AnalysisState

SHOWN = 20
"""Studies of the table; `--json` has all."""


def add_to(app: typer.Typer) -> None:
    """Register the command group."""
    group = typer.Typer(name="shadow", help="Classifiers whose results are not sent.", no_args_is_help=True)
    group.callback()(lambda: None)  # keeps `report` a command of its own
    group.command()(report)
    app.add_typer(group)


def report(
    context: typer.Context,
    classifier: Annotated[str, typer.Argument(help="The one in the shadow (`rules[].shadow`).")],
    against: Annotated[str, typer.Argument(help="The one whose results are sent.")],
    last: Last = "30d",
    as_json: AsJson = False,
) -> None:
    """Compare what both said of the same studies: agreement, differences of the probability, latency.

    To promote the one in the shadow, name it in the rule's `classifiers` in place of the other one, look at
    `preread route test` with that draft, then restart the roles.
    """
    from service.wiring.adapters import open_ledger

    since = datetime.now(UTC) - span(last)
    with closing(open_ledger(load_settings(context.obj))) as ledger:
        pairs = _pairs(ledger, classifier, against, since)
    if not pairs:
        raise ConfigurationError(
            f"{classifier} has read no study in the shadow in the last {last} that {against} has read too: "
            "name it in rules[].shadow"
        )
    found = compare(pairs)
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    console = Console(highlight=False)
    console.print(_table(found, classifier, against))
    for one in found.disagreements[:SHOWN]:
        console.print(
            Text(
                f"study {one.study_instance_uid}: {classifier} {100 * one.shadow_probability:.1f} %, "
                f"{against} {100 * one.probability:.1f} %"
            ),
            soft_wrap=True,
        )


def _pairs(ledger: Ledger, classifier: str, against: str, since: datetime) -> list[Pair]:
    with ledger.read() as tx:
        pairs = [
            (one, tx.analyses.find(one.study_instance_uid, one.revision, against))
            for one in tx.analyses.in_shadow(classifier, since)
            if one.state is not AnalysisState.QUEUED
        ]
    return [(one, other) for one, other in pairs if other and other.state is not AnalysisState.QUEUED]


def _table(found: Comparison, classifier: str, against: str) -> Table:
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
