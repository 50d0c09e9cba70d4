"""`preread token`: programs that may use the API."""

import getpass
import json
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from service.access.records import Action, Token
from service.access.roles import Permission
from service.access.secrets import TOKEN_PREFIX, digest, new_secret
from service.cli.access.account import audited, transaction
from service.cli.options import AsJson
from service.errors import ConfigurationError

Name = Annotated[str, typer.Argument(help="What the program is called in the audit trail.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(name="token", help="Programs that may use the API.", no_args_is_help=True)
    group.command()(add)
    group.command("list")(list_tokens)
    group.command()(revoke)
    app.add_typer(group)


def add(
    context: typer.Context,
    name: Name,
    scope: Annotated[list[Permission], typer.Option(help="What it may do; several are allowed.")],
    days: Annotated[int, typer.Option(min=1, max=730, help="How long it is valid.")] = 365,
) -> None:
    """Make a token and print it, once: only its digest is kept."""
    now, secret = datetime.now(UTC), new_secret(TOKEN_PREFIX)
    scopes = tuple(dict.fromkeys(scope))
    token = Token(name[:64], digest(secret), scopes, getpass.getuser()[:64], now, now + timedelta(days=days))
    with transaction(context) as tx:
        if not tx.api_tokens.add(token):
            raise ConfigurationError(f"there is or was a token {name!r} already; take another name")
        audited(tx, Action.TOKEN_CHANGED, f"{name} made: {', '.join(scopes)}")
    Console(stderr=True).print(
        f"valid until {token.expires_at:%Y-%m-%d}; it is not shown again", highlight=False
    )
    typer.echo(secret)


def list_tokens(context: typer.Context, as_json: AsJson = False) -> None:
    """List all tokens: what they may do, until when, and when they were used last."""
    now = datetime.now(UTC)
    with transaction(context) as tx:
        tokens = tx.api_tokens.all()
    if as_json:
        typer.echo(
            json.dumps(
                [
                    {
                        "name": one.name,
                        "scopes": one.scopes,
                        "valid": one.is_valid(now),
                        "expires_at": one.expires_at.isoformat(),
                        "used_at": one.used_at and one.used_at.isoformat(),
                    }
                    for one in tokens
                ]
            )
        )
        return
    table = Table("name", "scopes", "made by", "valid until", "last used")
    for one in tokens:
        until = f"{one.expires_at:%Y-%m-%d}" if one.is_valid(now) else "not any more"
        used = f"{one.used_at:%Y-%m-%d %H:%M} UTC" if one.used_at else "never"
        table.add_row(one.name, ", ".join(one.scopes), one.created_by, until, used)
    Console(highlight=False).print(table if tokens else "there are no tokens: preread token add")


def revoke(context: typer.Context, name: Name) -> None:
    """Let a token open nothing any more."""
    with transaction(context) as tx:
        if not tx.api_tokens.revoke(name, datetime.now(UTC)):
            raise ConfigurationError(f"there is no valid token {name!r}; preread token list shows them")
        audited(tx, Action.TOKEN_CHANGED, f"{name} revoked")
    Console().print(f"{name} opens nothing any more", highlight=False)
