"""What PS3.3 demands of an object: attributes of type 1 and 2 of its IOD's mandatory modules, at any depth.

The tables are highdicom's, made from the Standard's own text. What depends on conditions (1C, 2C) is not in
them in a form that can be checked.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from pydicom.dataset import Dataset

_DEPENDENT = ("sr-document-content", "functional-groups")
"""What an item of these needs depends on its value type, or on the groups that are used."""


@dataclass(frozen=True, slots=True)
class Demand:
    """An attribute in the items of the sequences `path`, which need not be there. Type 1 has a value."""

    keyword: str
    is_type_1: bool
    path: tuple[str, ...]
    module: str


def iod_faults(ds: Dataset) -> Iterator[str]:
    """Each attribute that is missing, or empty and must not be, in words for a person."""
    for demand in _demands(ds.SOPClassUID):
        for item in _items(ds, demand.path):
            element = item.get_item(demand.keyword) if demand.keyword in item else None
            where = ".".join((*demand.path, demand.keyword))
            if element is None:
                yield f"{where} is missing (module {demand.module})"
            elif demand.is_type_1 and item[demand.keyword].is_empty:
                yield f"{where} is empty (module {demand.module})"


@cache
def _demands(sop_class_uid: str) -> tuple[Demand, ...]:
    iod = _table("sop_class_iod_map")[sop_class_uid]
    modules = [one["key"] for one in _table("iod_module_map")[iod] if one["usage"] == "M"]
    attributes = _table("module_attribute_map")
    return tuple(
        Demand(one["keyword"], one["type"] == "1", tuple(one["path"]), module)
        for module in modules
        if not module.endswith(_DEPENDENT)
        for one in attributes[module]
        if one["type"] in {"1", "2"}
    )


@cache
def _table(name: str) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(
        files("highdicom").joinpath("_standard", f"{name}.json").read_text(encoding="utf-8")
    )
    return table


def _items(ds: Dataset, path: Sequence[str]) -> Iterator[Dataset]:
    if not path:
        yield ds
        return
    for item in ds.get(path[0]) or ():
        yield from _items(item, path[1:])
