"""`preread config check` and `preread config show`."""

import json
import re
from typing import Any

import typer
import yaml
from rich.console import Console
from rich.markup import escape

from service.cli.options import AsJson
from service.config.load import load_settings

PASSWORD = re.compile(r"(?<=://)([^/@:]*):([^/@]*)@")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(name="config", help="Check or show the configuration.", no_args_is_help=True)
    group.command()(check)
    group.command()(show)
    app.add_typer(group)


def check(context: typer.Context) -> None:
    """Check the whole configuration: keys, values, classifiers, DICOM keywords."""
    settings = load_settings(context.obj)
    from service.wiring.check import check as check_all
    from service.wiring.hints import engine_hints, hints

    check_all(settings)
    for hint in [*hints(settings), *engine_hints(settings)]:
        Console().print(f"[yellow]note:[/] {escape(hint)}", highlight=False)
    Console().print("[green]the configuration can be used[/]")


def show(
    context: typer.Context,
    as_json: AsJson = False,
) -> None:
    """Show the values in force, of the file, the environment and the defaults. Passwords are masked."""
    values = without_passwords(load_settings(context.obj).model_dump(mode="json", exclude_none=True))
    if as_json:
        typer.echo(json.dumps(values, indent=2))
    else:
        typer.echo(yaml.safe_dump(values, sort_keys=False, allow_unicode=True).rstrip())


def without_passwords(value: Any) -> Any:
    """The same values, with every password in a URL replaced by asterisks."""
    if isinstance(value, dict):
        return {key: without_passwords(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_passwords(inner) for inner in value]
    return PASSWORD.sub(r"\1:***@", value) if isinstance(value, str) else value
