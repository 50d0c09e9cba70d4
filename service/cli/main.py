"""The command `preread`: every role, and the tools around them."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from service.cli import configuration, doctor
from service.cli.access import account, audit, token
from service.cli.dataset import commands as dataset
from service.cli.demo import commands as demonstrate
from service.cli.engines import engine, evaluating, learning
from service.cli.failure import told_to_the_person
from service.cli.ledger import commands as ledger
from service.cli.reader_study import commands as reader_study
from service.cli.rules import commands as routing
from service.cli.rules import shadow
from service.cli.run import roles
from service.cli.simulate import commands as simulate
from service.cli.studies import (
    dead,
    fetch,
    quarantine,
    replay,
    retention,
    retry,
    status,
    study_log,
    submit,
    urgent,
    workitems,
)

app = typer.Typer(
    name="preread",
    help="PACS inference service: every breast study read once before the radiologist opens it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"preread {version('preread')}")
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    asked_for_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            envvar="PREREAD_CONFIG",
            help="Configuration file (TOML or YAML).",
            dir_okay=False,
        ),
    ] = None,
) -> None:
    """Options before the command."""
    context.obj = config


roles.add_to(app)
status.add_to(app)
doctor.add_to(app)
study_log.add_to(app)
ledger.add_to(app)
retry.add_to(app)
replay.add_to(app)
urgent.add_to(app)
dead.add_to(app)
quarantine.add_to(app)
retention.add_to(app)
submit.add_to(app)
simulate.add_to(app)
fetch.add_to(app)
workitems.add_to(app)
routing.add_to(app)
shadow.add_to(app)
account.add_to(app)
token.add_to(app)
audit.add_to(app)
configuration.add_to(app)
engine.add_to(app)
learning.add_to(app)
evaluating.add_to(app)
dataset.add_to(app)
reader_study.add_to(app)
demonstrate.add_to(app)


def main() -> None:
    """Run the command line; errors of ours become one readable message and an exit status."""
    with told_to_the_person():
        app()


if __name__ == "__main__":
    main()
