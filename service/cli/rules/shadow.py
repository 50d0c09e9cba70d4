"""`preread shadow report`: how a classifier does in the shadow of the one whose results are sent."""

import json
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from service.cli.options import AsJson, Last, span
from service.cli.rules.shadow_comparison import comparison_of, comparison_table
from service.cli.rules.shadow_promote import log, promote
from service.config.load import load_settings

SHOWN = 20
"""Studies of the table; `--json` has all."""


def add_to(app: typer.Typer) -> None:
    """Register the command group."""
    group = typer.Typer(name="shadow", help="Classifiers whose results are not sent.", no_args_is_help=True)
    for command in (report, promote, log):
        group.command()(command)
    app.add_typer(group)


def report(
    context: typer.Context,
    classifier: Annotated[str, typer.Argument(help="The one in the shadow (`rules[].shadow`).")],
    against: Annotated[str, typer.Argument(help="The one whose results are sent.")],
    last: Last = "30d",
    as_json: AsJson = False,
) -> None:
    """Compare what both said of the same studies: agreement, differences of the probability, latency.

    `preread shadow promote` then lets the one in the shadow take the other one's place.
    """
    from service.wiring.adapters import open_ledger

    since = datetime.now(UTC) - span(last)
    with closing(open_ledger(load_settings(context.obj))) as ledger:
        found = comparison_of(ledger, classifier, against, since)
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    console = Console(highlight=False)
    console.print(comparison_table(found, classifier, against))
    for one in found.disagreements[:SHOWN]:
        console.print(
            Text(
                f"study {one.study_instance_uid}: {classifier} {100 * one.shadow_probability:.1f} %, "
                f"{against} {100 * one.probability:.1f} %"
            ),
            soft_wrap=True,
        )
