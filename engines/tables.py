"""TOML tables into frozen dataclasses: every key known, every key of its type, or an error that names it."""

import dataclasses
import types
from collections.abc import Mapping
from pathlib import Path
from tomllib import TOMLDecodeError, loads
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from engines.errors import EngineError

T = TypeVar("T")


class TableError(Exception):
    """A table does not fit its dataclass; callers turn it into their own typed error."""


def read_toml(cls: type[T], path: Path, error: type[EngineError]) -> T:
    """Read `path` as a `cls`. Raises `error` that names the file and the key."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as reason:
        raise error(f"{path} cannot be read ({reason.strerror}); check the path") from reason
    try:
        return from_table(cls, loads(text), "top level")
    except (TOMLDecodeError, TableError, ValueError) as reason:
        raise error(f"{path}: {reason}") from reason


def from_table(cls: type[T], table: Mapping[str, Any], where: str) -> T:
    """Build the dataclass `cls`; fields without a default must be there. Raises TableError, or ValueError
    where the dataclass itself refuses a value.
    """
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    unknown = sorted(set(table) - set(fields))
    if unknown:
        raise TableError(f"{where}: unknown key {unknown[0]!r}; allowed: {', '.join(fields)}")
    missing = [name for name, field in fields.items() if name not in table and _required(field)]
    if missing:
        raise TableError(f"{where}: key {missing[0]!r} is missing")
    hints = get_type_hints(cls)
    return cls(**{key: _value(hints[key], value, f"{where}.{key}") for key, value in table.items()})


def _required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _value(hint: Any, value: Any, where: str) -> Any:
    if get_origin(hint) is tuple:
        return _tuple(get_args(hint), value, where)
    if isinstance(hint, types.UnionType):  # X | None: TOML has no null, so a value that is there is an X
        return _value(get_args(hint)[0], value, where)
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, Mapping):
            raise TableError(f"{where}: expected a table, got {value!r}")
        return from_table(hint, value, where)  # type: ignore[arg-type]
    return _scalar(hint, value, where)


def _tuple(members: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise TableError(f"{where}: expected a list, got {value!r}")
    if members[-1] is Ellipsis:
        members = (members[0],) * len(value)
    if len(members) != len(value):
        raise TableError(f"{where}: expected {len(members)} values, got {len(value)}")
    return tuple(_value(m, v, f"{where}[{i}]") for i, (m, v) in enumerate(zip(members, value, strict=True)))


def _scalar(hint: Any, value: Any, where: str) -> Any:
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise TableError(f"{where}: expected {hint.__name__}, got {value!r}")
    return value
