"""Options and arguments that several commands share."""

from typing import Annotated

import typer

IDs = Annotated[list[str], typer.Argument(help="IDs as `list` shows them; their beginnings will do.")]
Limit = Annotated[int, typer.Option(help="How many to show.", min=1)]
Page = Annotated[int, typer.Option(help="Which page of so many, from 1 on.", min=1)]
AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]
