"""Every setting as a Markdown page, from the docstrings: service/SETTINGS.md, which a test compares.

The same makes a page of any other file that a model describes.
"""

import json
import re
from typing import Any, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from service.config.load import model_within
from service.config.settings import Settings

HEAD = """# Settings

One configuration file, TOML or YAML, given by `--config` or the environment variable `PREREAD_CONFIG`.
Environment variables win over it: `PREREAD_ACCEPT__PORT=104` sets `accept.port`. An unknown key is an error.
`preread config show` prints the values in force, `preread config check` says what is wrong.
"""


def settings_page() -> str:
    """The whole page."""
    return page_of(HEAD, Settings)


def page_of(head: str, model: type[BaseModel]) -> str:
    """`head`, then a table of the keys of `model` and of each model within it."""
    return "\n".join([head, *_section("", model)]) + "\n"


def _section(path: str, model: type[BaseModel]) -> list[str]:
    """A table of the plain settings of `model`, then its sections."""
    plain, inner = [], []
    for name, field in model.model_fields.items():
        within = model_within(field.annotation)
        if within is not None:
            inner.append((f"{path}{name}", within, field))
        if within is None or field.annotation is not within:
            plain.append(_row(f"{path}{name}", field))
    lines = ["| key | default | meaning |", "| --- | --- | --- |", *plain, ""] if plain else []
    for inner_path, within, field in inner:
        several = get_origin(field.annotation) in (tuple, dict)
        title = (within.__doc__ or "").strip().split("\n")[0]
        lines += [f"## `{inner_path}`{' (a list)' if several else ''}", "", title, ""]
        lines += _section(f"{inner_path}[]." if several else f"{inner_path}.", within)
    return lines


def _row(key: str, field: FieldInfo) -> str:
    meaning = re.sub(r"\s+", " ", field.description or "").replace("|", "\\|")
    return f"| `{key}` | {_default(field)} | {meaning} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value: Any = field.get_default(call_default_factory=True)
    if value is PydanticUndefined or value is None:
        return ""
    return f"`{json.dumps(value, default=str)}`"
