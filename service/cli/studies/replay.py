"""`preread replay`: what a classifier, or another version of one, says of a study that was read before."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from service.cli.options import AsJson
from service.cli.studies.retry import route_again
from service.config.load import load_settings
from service.study.result import ImageScore
from service.wiring.replay import Outcome, Replayed, manifest_for
from service.wiring.replay import replay as replayed


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(replay)


def replay(
    context: typer.Context,
    study_instance_uid: Annotated[str, typer.Argument(help="The study's UID, as the worklist shows it.")],
    classifier: Annotated[str, typer.Option(help="NAME, NAME@VERSION, or a classifier's folder.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show it. Without, the study is routed again.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run a classifier on a study's images again and show what it says beside what was said.

    With --dry-run nothing is entered and nothing sent. Without, the study goes its way again afterwards, with
    the classifiers that are installed: a new report replaces the one before, and names it.
    """
    settings = load_settings(context.obj)
    manifest = manifest_for(settings, classifier)
    console = Console(highlight=False)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"{manifest.name} {manifest.version}", total=None)
        found = replayed(
            settings,
            study_instance_uid,
            manifest,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    if as_json:
        typer.echo(json.dumps([_as_json(one) for one in found]))
    else:
        console.print(_table(found))
        console.print(_summary(found, f"{manifest.name} {manifest.version}"))
    if not dry_run:
        route_again(settings, study_instance_uid, f"replayed with {manifest.name} {manifest.version}")
        Console(stderr=True).print("the study is routed again within seconds")


def _table(found: list[Replayed]) -> Table:
    table = Table("Image", "Before", "Now", "Change")
    for one in found:
        change = "" if one.change is None else f"{100 * one.change:+.1f}"
        style = "bold" if one.is_decided_otherwise else ""
        table.add_row(
            Text(one.sop_instance_uid, overflow="fold"),
            _words(one.before),
            _words(one.now),
            change,
            style=style,
        )
    return table


def _words(outcome: Outcome | None) -> str:
    if outcome is None:
        return "not read"
    if isinstance(outcome, ImageScore):
        above = "above" if outcome.positive else "below"
        return f"{100 * outcome.probability:.1f} %, {above}, {outcome.category}"
    return f"not analysed: {outcome.reason}"


def _summary(found: list[Replayed], name: str) -> str:
    others = sum(one.is_decided_otherwise for one in found)
    changes = [abs(one.change) for one in found if one.change is not None]
    largest = f"; the largest change is {100 * max(changes):.1f} %" if changes else ""
    return f"{name} decides otherwise on {others} of {len(found)} images{largest}"


def _as_json(one: Replayed) -> dict[str, Any]:
    return {
        "sop_instance_uid": one.sop_instance_uid,
        "before": _outcome(one.before),
        "now": _outcome(one.now),
        "is_decided_otherwise": one.is_decided_otherwise,
    }


def _outcome(outcome: Outcome | None) -> dict[str, Any] | None:
    if outcome is None:
        return None
    if isinstance(outcome, ImageScore):
        return {
            "probability": outcome.probability,
            "positive": outcome.positive,
            "category": outcome.category,
        }
    return {"not_analysed": outcome.reason}
