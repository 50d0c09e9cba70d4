"""Options and arguments that several commands share."""

import re
from datetime import timedelta
from typing import Annotated

import typer

from service.errors import ConfigurationError

IDs = Annotated[list[str], typer.Argument(help="IDs as `list` shows them; their beginnings will do.")]
Limit = Annotated[int, typer.Option(help="How many to show.", min=1)]
Page = Annotated[int, typer.Option(help="Which page of so many, from 1 on.", min=1)]
Last = Annotated[str, typer.Option(help="How far back, such as 30d or 12h.")]
AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]

_SPAN = re.compile(r"(\d{1,4})([dh])")
_UNITS = {"d": "days", "h": "hours"}


def span(last: str) -> timedelta:
    """What `--last` says. Raises ConfigurationError."""
    found = _SPAN.fullmatch(last)
    if found is None:
        raise ConfigurationError(f"--last {last!r} is no time: give days or hours, such as 30d or 12h")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
