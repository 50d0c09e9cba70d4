"""`preread doctor`: looks at everything that the service needs, and says what to do about what is wrong."""

import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import MofNCompleteColumn, Progress

from service.cli.options import AsJson
from service.config.load import load_settings
from service.telemetry.logs import configure_logs

if TYPE_CHECKING:
    from service.wiring.doctor.examine import Examined

_MARKS = {"ok": "[green]ok     [/]", "warning": "[yellow]warning[/]", "failed": "[bold red]failed [/]"}
_SKIPPED = "[dim]skipped[/]"


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(doctor)


def doctor(
    context: typer.Context,
    store_test: Annotated[
        bool,
        typer.Option(
            "--store-test",
            help="Store a marked test object (RESEARCH USE, no patient) at each PACS that gets results, and "
            "look for it there. It stays.",
        ),
    ] = False,
    destination: Annotated[str, typer.Option(help="Of the destinations, look at this one only.")] = "",
    limit: Annotated[float, typer.Option(help="Seconds that each check may take.", min=0.1)] = 20.0,
    as_json: AsJson = False,
) -> None:
    """Check this machine and all that the service needs: what is wrong, and what to do.

    Exit status 1 where something has failed; warnings do not count. service/wiring/doctor/DOCTOR.md
    explains the checks.
    """
    settings = load_settings(context.obj)
    configure_logs(settings.log_format)
    logging.disable(logging.CRITICAL)  # libraries say less clearly what the findings say
    from service.wiring.doctor.checks import Asked, checks
    from service.wiring.doctor.examine import examine
    from service.wiring.doctor.redaction import Redaction

    redaction = Redaction(settings)
    asked = Asked(_file(context.obj), destination, store_test)
    wanted = checks(settings, asked)
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True, disable=as_json) as progress:
            task = progress.add_task("looking", total=len(wanted))
            found = [redaction.of(one) for one in examine(wanted, limit, lambda: progress.advance(task))]
    finally:
        logging.disable(logging.NOTSET)
    if as_json:
        typer.echo(json.dumps(_as_json(found), indent=2))
    else:
        _show(found)
    if any(one.outcome == "failed" for one in found):
        raise typer.Exit(1)


def _file(given: Path | None) -> Path | None:
    named = os.environ.get("PREREAD_CONFIG")
    return given or (Path(named) if named else None)


def _counts(found: Sequence["Examined"]) -> dict[str, int]:
    outcomes = [finding.outcome for one in found for finding in one.findings]
    return {name: outcomes.count(name) for name in ("ok", "warning", "failed", "skipped")}  # type: ignore[arg-type]


def _as_json(found: Sequence["Examined"]) -> dict[str, Any]:
    return {
        "counts": _counts(found),
        "checks": [
            {
                "check": one.subject,
                "outcome": one.outcome,
                "took_s": round(one.took_s, 3),
                "findings": [
                    {"outcome": each.outcome, "about": each.about, "seen": each.seen, "to_do": each.to_do}
                    for each in one.findings
                ],
            }
            for one in found
        ],
    }


def _show(found: Sequence["Examined"]) -> None:
    console, subject = Console(highlight=False), ""
    for one in found:
        if one.subject != subject:
            subject = one.subject
            console.print(f"\n[bold]{escape(subject)}[/]")
        for finding in one.findings:
            mark = _MARKS.get(finding.outcome, _SKIPPED)
            console.print(f"  {mark} {escape(finding.about)}: {escape(finding.seen)}", soft_wrap=True)
            if finding.to_do:
                console.print(f"          [bold]→[/] {escape(finding.to_do)}", soft_wrap=True)
    told = ", ".join(f"{count} {name}" for name, count in _counts(found).items() if count)
    console.print(f"\n{told}")
