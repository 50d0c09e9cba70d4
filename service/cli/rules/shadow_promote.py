"""`preread shadow promote`: a classifier leaves the shadow, and it is written down who let it."""

import getpass
import json
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from service.cli.options import AsJson, Last, span
from service.cli.rules.shadow_comparison import comparison_of, comparison_table
from service.config.load import load_settings
from service.errors import ConfigurationError
from service.storage.ledger.tables.promotions import Promotion

LEAST_STUDIES = 50
"""Scored by both, before anything can be said of their agreement."""


def promote(
    context: typer.Context,
    classifier: Annotated[str, typer.Argument(help="The one in the shadow (`rules[].shadow`).")],
    over: Annotated[str, typer.Argument(help="The one whose results are sent, which goes into its shadow.")],
    last: Last = "30d",
    at_least: Annotated[
        int, typer.Option(min=1, help="Studies that both must have scored; fewer say too little.")
    ] = LEAST_STUDIES,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Let a classifier take another one's place, in every rule that has it in the shadow of that one.

    From then on studies are routed so; nothing is restarted, and the configuration stays as it is. Who did
    it, when, and what the comparison said is kept (`preread shadow log`). The same with the names the other
    way round takes it back.
    """
    from service.enqueue.promotion import applies, promoted
    from service.wiring.adapters import open_ledger

    settings, now = load_settings(context.obj), datetime.now(UTC)
    console = Console(highlight=False)
    with closing(open_ledger(settings)) as ledger:
        found = comparison_of(ledger, classifier, over, now - span(last))
        entry = Promotion(
            classifier, over, getpass.getuser()[:64], now, json.loads(json.dumps(asdict(found)))
        )
        with ledger.read() as tx:
            rules = promoted(settings.rules, tx.promotions.all())
        touched = [rule.name for rule in rules if applies(rule, entry)]
        if not touched:
            raise ConfigurationError(
                f"no rule has {classifier} in the shadow of {over}: name it in rules[].shadow first"
            )
        if found.both_scored < at_least:
            raise ConfigurationError(
                f"both have scored {found.both_scored} studies in the last {last}, fewer than {at_least}: "
                "wait for more, or give --last or --at-least"
            )
        console.print(comparison_table(found, classifier, over))
        if not yes:
            typer.confirm(
                f"Send the results of {classifier} in place of {over} ({', '.join(touched)})?", abort=True
            )
        with ledger.begin() as tx:
            tx.promotions.add(entry)
    console.print(f"{entry.told()}, in {', '.join(touched)}: from the next study on", soft_wrap=True)


def log(context: typer.Context, as_json: AsJson = False) -> None:
    """List every promotion, the newest last: who, when, and how far both had agreed."""
    from service.wiring.adapters import open_ledger

    with closing(open_ledger(load_settings(context.obj))) as ledger, ledger.read() as tx:
        entries = tx.promotions.all()
    if as_json:
        typer.echo(
            json.dumps([asdict(one) | {"promoted_at": one.promoted_at.isoformat()} for one in entries])
        )
        return
    table = Table("when", "promoted", "over", "by", "studies", "same decision")
    for one in entries:
        agreement = one.report["agreement"]
        table.add_row(
            f"{one.promoted_at:%Y-%m-%d %H:%M} UTC",
            one.promoted,
            one.demoted,
            one.promoted_by,
            str(one.report["both_scored"]),
            "-" if agreement is None else f"{100 * agreement:.1f} %",
        )
    Console(highlight=False).print(table if entries else "nothing was promoted")
