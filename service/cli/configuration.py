"""`preread config check` and `preread config show`."""

import json
import re
from typing import Any

import typer
import yaml
from rich.console import Console
from rich.markup import escape

from service.cli.options import AsJson
from service.config import Settings
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

    check_all(settings)
    for hint in [*_hints(settings), *_engine_hints(settings)]:
        Console().print(f"[yellow]note:[/] {escape(hint)}", highlight=False)
    Console().print("[green]the configuration can be used[/]")


def _engine_hints(settings: Settings) -> list[str]:
    """Whether this machine can run the engine that is configured; a worker may be another machine."""
    from engines.available import settle
    from engines.errors import ChoiceError
    from service.wiring.adapters import classifier_names, engine_choice

    if not classifier_names(settings):
        return []
    try:
        settled = settle(engine_choice(settings))
    except ChoiceError as error:
        return [f"a worker on this machine would not start: {error}"]
    return [f"a worker on this machine would use {settled.choice.backend}: {settled.reason}"]


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


def _hints(settings: Settings) -> list[str]:
    hints = []
    if not settings.rules and not settings.task_managers:
        hints.append("there are no rules: studies are kept and shown, but not analysed")
    if settings.rules and not any(rule.destinations for rule in settings.rules):
        hints.append("no rule names a destination: results stay in the worklist")
    hints += [
        f"rule {rule.name} lets images without a body part count as {rule.assume_body_part}: make sure that "
        "it matches only scanners that send nothing else"
        for rule in settings.rules
        if rule.assume_body_part
    ]
    ours = (settings.accept.ae_title, *settings.accept.extra_ae_titles)
    if settings.accept.require_called_ae_title and settings.send.ae_title not in ours:
        hints += [
            f"destination {one.name} sends reports of storage commitment to {settings.send.ae_title}, by "
            "which `accept` is not called, so it refuses them: add it to accept.extra_ae_titles"
            for one in settings.destinations
            if one.host and one.confirm in ("auto", "commitment")
        ]
    if settings.worklist.bind not in ("127.0.0.1", "::1", "localhost"):
        hints.append("the worklist has no login: put a proxy with authentication in front of it")
    return hints
