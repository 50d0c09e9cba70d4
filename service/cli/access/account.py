"""`preread account`: people who may sign in to the worklist."""

import getpass
import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from service.access.records import Account, Action, AuditEvent
from service.access.roles import Role
from service.access.secrets import hashed
from service.cli.options import AsJson
from service.config.load import load_settings
from service.errors import ConfigurationError
from service.storage.ledger.ledger import Transaction

Name = Annotated[str, typer.Argument(help="What the person enters to sign in.")]
FromInput = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input, not from a terminal.")
]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(
        name="account", help="People who may sign in to the worklist, and their roles.", no_args_is_help=True
    )
    group.command()(add)
    group.command("list")(list_accounts)
    group.command()(password)
    group.command()(role)
    group.command()(disable)
    group.command()(enable)
    app.add_typer(group)


def add(
    context: typer.Context,
    name: Name,
    role: Annotated[Role, typer.Option(help="What the person may do; service/worklist/ACCESS.md says it.")],
    full_name: Annotated[
        str, typer.Option(help="The observer's name in DICOM objects that tell of her assessments.")
    ] = "",
    password_stdin: FromInput = False,
) -> None:
    """Make an account; asks for its password."""
    account = Account(
        name,
        full_name or name,
        role,
        hashed(_read_password(password_stdin), name),
        disabled=False,
        created_at=datetime.now(UTC),
    )
    with transaction(context) as tx:
        if not tx.accounts.add(account):
            raise ConfigurationError(f"there is an account {name!r} already; take another name")
        audited(tx, Action.ACCOUNT_CHANGED, f"{name} made, {role}")
    Console().print(f"{name} can sign in as {role}", highlight=False)


def list_accounts(context: typer.Context, as_json: AsJson = False) -> None:
    """List all accounts."""
    with transaction(context) as tx:
        accounts = tx.accounts.all()
    if as_json:
        shown = ("name", "full_name", "role", "disabled")
        typer.echo(json.dumps([{key: getattr(one, key) for key in shown} for one in accounts]))
        return
    table = Table("name", "full name", "role", "", "since")
    for one in accounts:
        state = "disabled" if one.disabled else ""
        table.add_row(one.name, one.full_name, one.role, state, f"{one.created_at:%Y-%m-%d}")
    Console(highlight=False).print(table if accounts else "there are no accounts: preread account add")


def password(context: typer.Context, name: Name, password_stdin: FromInput = False) -> None:
    """Set a new password; whoever is signed in with the old one is signed out."""
    kept = hashed(_read_password(password_stdin), name)
    with transaction(context) as tx:
        tx.accounts.change(replace(_found(tx, name), password_hash=kept))
        audited(tx, Action.ACCOUNT_CHANGED, f"{name}: new password")
    Console().print(f"{name} has a new password", highlight=False)


def role(
    context: typer.Context, name: Name, role: Annotated[Role, typer.Argument(help="The new role.")]
) -> None:
    """Give an account another role; its person has to sign in again."""
    with transaction(context) as tx:
        tx.accounts.change(replace(_found(tx, name), role=role))
        audited(tx, Action.ACCOUNT_CHANGED, f"{name}: {role}")
    Console().print(f"{name} is {role} from now on", highlight=False)


def disable(context: typer.Context, name: Name) -> None:
    """Let nobody sign in with an account, and sign it out. It is kept: the audit trail names it."""
    _set_disabled(context, name, disabled=True)


def enable(context: typer.Context, name: Name) -> None:
    """Let its person sign in again."""
    _set_disabled(context, name, disabled=False)


def _set_disabled(context: typer.Context, name: str, *, disabled: bool) -> None:
    done = "disabled" if disabled else "enabled"
    with transaction(context) as tx:
        tx.accounts.change(replace(_found(tx, name), disabled=disabled))
        audited(tx, Action.ACCOUNT_CHANGED, f"{name}: {done}")
    Console().print(f"{name} is {done}", highlight=False)


def _found(tx: Transaction, name: str) -> Account:
    account = tx.accounts.find(name)
    if account is None:
        raise ConfigurationError(f"there is no account {name!r}; preread account list shows them")
    return account


def _read_password(from_input: bool) -> str:
    if from_input:
        return sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty():
        raise ConfigurationError("there is no terminal to ask for the password on: use --password-stdin")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != first:
        raise ConfigurationError("the two passwords differ; nothing was changed")
    return first


@contextmanager
def transaction(context: typer.Context) -> Iterator[Transaction]:
    """On the configured ledger."""
    from service.wiring.adapters import open_ledger

    with closing(open_ledger(load_settings(context.obj))) as ledger, ledger.begin() as tx:
        yield tx


def audited(tx: Transaction, action: Action, detail: str) -> None:
    """Write down who did it at this machine."""
    who = getpass.getuser()[:64]
    tx.audit.add(AuditEvent(datetime.now(UTC), action, who, "command", "localhost", detail=detail))
