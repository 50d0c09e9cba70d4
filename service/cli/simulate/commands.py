"""`preread simulate`: load for a service, from scanners that never existed."""

import json
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from service.cli.options import AsJson
from service.cli.run.signals import stop_on_signals
from service.cli.studies.node import node
from service.config.load import load_settings
from service.errors import ConfigurationError

if TYPE_CHECKING:
    from service.cli.simulate.follow import Source

_SEED_BYTES = 4


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(simulate)


def simulate(
    context: typer.Context,
    scenario: Annotated[
        Path | None,
        typer.Argument(help="Scenario in TOML. Default: a breast centre's day.", exists=True, dir_okay=False),
    ] = None,
    to: Annotated[str, typer.Option(help="The node to send to, as AE_TITLE@host:port.")] = "",
    seed: Annotated[
        str,
        typer.Option(help="The same seed sends the same studies again. Default: a new one."),
    ] = "",
    speed_up: Annotated[
        float, typer.Option(help="How many times as fast as the scenario says.", min=0.001)
    ] = 1.0,
    begin_hour: Annotated[
        float | None,
        typer.Option(help="Begin at this hour of the day, not at the scenario's.", min=0, max=23.99),
    ] = None,
    hours: Annotated[
        float | None, typer.Option(help="Simulate so many hours, not the scenario's.", min=0.001, max=168)
    ] = None,
    plan_only: Annotated[
        bool, typer.Option("--plan", help="Show what would be sent, and send nothing.")
    ] = False,
    follow: Annotated[
        bool,
        typer.Option("--follow", help="Then read what became of the studies in the configuration's ledger."),
    ] = False,
    worklist: Annotated[
        str,
        typer.Option(
            help="Then ask the worklist with this address instead, such as https://preread.hospital."
        ),
    ] = "",
    token_file: Annotated[
        Path | None,
        typer.Option(
            help="File with the token for --worklist (`preread token add`).", exists=True, dir_okay=False
        ),
    ] = None,
    wait_s: Annotated[float, typer.Option(help="Longest wait for results, in seconds.", min=0)] = 900.0,
    as_json: AsJson = False,
) -> None:
    """Send studies of nobody as the scanners of a department would, and say how they were answered.

    Names and IDs say SIMULATED, and so do the images. The receiver keeps them like any others: send to a
    service for tests. Times of results are told by the service's clock, and of images by this machine's.
    """
    from service.cli.simulate.output import show_plan, show_report
    from service.cli.simulate.plan import planned
    from service.cli.simulate.report import document
    from service.cli.simulate.run import Simulation
    from service.cli.simulate.scenario import load_scenario

    wanted = load_scenario(scenario)
    given = {"begin_hour": begin_hour, "hours": hours}
    wanted = wanted.model_copy(update={key: value for key, value in given.items() if value is not None})
    seed = seed or secrets.token_hex(_SEED_BYTES)
    console = Console(stderr=as_json, highlight=False)
    plan = planned(wanted, seed)
    if plan_only:
        show_plan(console, plan)
        return
    if not to:
        raise ConfigurationError("say where to send to: --to AE_TITLE@host:port (or --plan, to send nothing)")
    token = token_file.read_text(encoding="ascii").strip() if token_file else ""
    with _source(context, follow, worklist, token) as source:
        run = Simulation(node(to), wanted, seed, speed_up, console, stop_on_signals())
        told = run.send(plan)
        if source is not None:
            told = replace(told, seen=run.follow(told.tally, source, wait_s))
    if as_json:
        typer.echo(json.dumps(document(told)))
    else:
        show_report(console, document(told))
    if plan and not told.tally.images_acknowledged:
        raise typer.Exit(1)


@contextmanager
def _source(context: typer.Context, follow: bool, worklist: str, token: str) -> "Iterator[Source | None]":
    """Who tells what became of the studies. Raises ConfigurationError."""
    if follow and worklist:
        raise ConfigurationError("--follow and --worklist are two ways: give one of them")
    if worklist:
        try:
            from service.cli.simulate.from_worklist import FromWorklist
            from service.worklist.client import Client
        except ImportError:
            raise ConfigurationError("--worklist needs a package: pip install 'preread[client]'") from None
        with Client(worklist, token=token) as client:
            yield FromWorklist(client)
    elif follow:
        from service.cli.simulate.from_ledger import FromLedger
        from service.wiring.adapters import open_ledger

        with closing(open_ledger(load_settings(context.obj))) as ledger:
            yield FromLedger(ledger)
    else:
        yield None
