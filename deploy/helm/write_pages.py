"""Writes what values.yaml says a second time: the table in README.md, and values.schema.json.

The part `config` of the schema is the service's own: it comes from `service.config.Settings`.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from service.config import Settings

CHART = Path(__file__).parent
BEGIN, END = "<!-- values: made by `make docs` -->", "<!-- end of values -->"
_KEY = re.compile(r"^( *)([A-Za-z]\w*):")
_TYPES = {bool: "boolean", str: "string", int: "integer", list: "array", dict: "object"}
_SHARED: dict[str, Any] = {
    "Cidrs": {"type": "array", "items": {"type": "string", "pattern": "^[0-9a-fA-F.:]+/[0-9]{1,3}$"}},
    "Digest": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
    "Free": {"type": "object"},
    "FreeList": {"type": "array", "items": {"type": "object"}},
    "Port": {"type": "integer", "minimum": 1, "maximum": 65535},
    "Strings": {"type": "object", "additionalProperties": {"type": "string"}},
}


@dataclass
class Comment:
    """What stands above a key."""

    text: list[str] = field(default_factory=list)
    schema: dict[str, Any] = field(default_factory=dict)


def comments(text: str) -> dict[str, Comment]:
    """The comments of values.yaml by the dotted path of the key under them."""
    found: dict[str, Comment] = {}
    path: list[str] = []
    above: Comment | None = None
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("# -- "):
            above = Comment([stripped.removeprefix("# -- ")])
        elif above and stripped.startswith("# @schema "):
            above.schema = json.loads(stripped.removeprefix("# @schema "))
        elif above and stripped.startswith("# "):
            above.text.append(stripped.removeprefix("# "))
        elif key := _KEY.match(line):
            path = [*path[: len(key[1]) // 2], key[2]]
            if above:
                found[".".join(path)] = above
            above = None
    return found


def table() -> str:
    """The rows of every value that has a comment, as Markdown."""
    values = yaml.safe_load(_values_text())
    rows = [
        f"| `{path}` | `{_shown(_at(values, path))}` | {' '.join(comment.text)} |"
        for path, comment in comments(_values_text()).items()
    ]
    return "\n".join(["| value | default | meaning |", "| --- | --- | --- |", *rows])


def readme() -> str:
    """README.md with the table of now."""
    before, _, rest = (CHART / "README.md").read_text(encoding="utf-8").partition(BEGIN)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{rest.partition(END)[2]}"


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 7) of the values."""
    top = _schema_of(yaml.safe_load(_values_text()), "", comments(_values_text()))
    return {"$schema": "http://json-schema.org/draft-07/schema#", **top, "$defs": _settings() | _SHARED}


def _schema_of(value: Any, path: str, said: dict[str, Comment]) -> dict[str, Any]:
    """An object with exactly its keys, unless the comment above it says otherwise."""
    own = said[path].schema if path in said else {}
    if "$ref" in own:
        return own
    if isinstance(value, dict) and not own and path not in said:
        inner = {key: _schema_of(one, f"{path}.{key}".lstrip("."), said) for key, one in value.items()}
        return {"type": "object", "additionalProperties": False, "properties": inner}
    return own if "enum" in own else {"type": _TYPES[type(value)], **own}


def _settings() -> dict[str, Any]:
    """The service's settings and the models within them, as Helm's validators understand them."""
    whole = Settings.model_json_schema(mode="validation")
    models = whole.pop("$defs")
    for model in [whole, *models.values()]:
        _plain(model)
    # `Modality: US` and `Modality: [US, MG]` are short for predicates (service/config/rules.py).
    texts = {"type": "array", "items": {"type": "string"}}
    models["Predicate"] = {"anyOf": [models["Predicate"], {"type": "string"}, texts]}
    return {"Settings": whole, **models}


def _plain(schema: Any) -> None:
    """Leave out what only people read: the texts are in SETTINGS.md, and defaults are the service's."""
    if isinstance(schema, list):
        for one in schema:
            _plain(one)
    if not isinstance(schema, dict):
        return
    for key in ("title", "description", "default", "format"):
        if isinstance(schema.get(key), str) or key == "default":
            schema.pop(key, None)
    properties = schema.get("properties", {})
    for one in properties.values():  # by name: a setting may be called `title`
        _plain(one)
    for key, one in schema.items():
        if key != "properties":
            _plain(one)


def _values_text() -> str:
    return (CHART / "values.yaml").read_text(encoding="utf-8")


def _at(values: Any, path: str) -> Any:
    for key in path.split("."):
        values = values[key]
    return values


def _shown(value: Any) -> str:
    return json.dumps(value)


def main() -> None:
    """Write both."""
    (CHART / "README.md").write_text(readme(), encoding="utf-8")
    text = json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"
    (CHART / "values.schema.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
