"""Every command as a Markdown page, from the help texts: service/COMMANDS.md, which a test compares."""

from typing import Any

import typer

HEAD = """# Commands

`preread [--config FILE] COMMAND`. The configuration may also be named by `PREREAD_CONFIG`. Exit
status: 0 done, 1 the work failed, 2 the command line or the configuration is wrong.
"""


def commands_page(app: typer.Typer) -> str:
    """The whole page."""
    return "\n".join([HEAD, *_group("preread", typer.main.get_command(app))])


def _group(path: str, command: Any) -> list[str]:
    """The commands of a group, each with its arguments and options."""
    lines: list[str] = []
    for name, inner in command.commands.items():
        if hasattr(inner, "commands"):
            lines += _group(f"{path} {name}", inner)
        else:
            lines += _command(f"{path} {name}", inner)
    return lines


def _command(path: str, command: Any) -> list[str]:
    shown = [one for one in command.params if not getattr(one, "hidden", False)]
    arguments = [one for one in shown if one.param_type_name == "argument"]
    options = [one for one in shown if one.param_type_name == "option"]
    usage = " ".join([path, *map(_metavar, arguments)])
    rows = [f"- `{_metavar(one)}`: {one.help}" for one in arguments]
    rows += [f"- `{' '.join(one.opts)}`: {one.help}" for one in options]
    return [f"## `{usage}`", "", command.help, "", *rows, *([""] if rows else [])]


def _metavar(argument: Any) -> str:
    name = argument.name.upper()
    return name if argument.required else f"[{name}]"
