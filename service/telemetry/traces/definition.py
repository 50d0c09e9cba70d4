"""How a span is defined: once, with its meaning and every attribute that it may have.

What is not defined here is not told, and text is cut: no patient data, no UID as it is, no free text. Errors
are told by their type, never by their words, which may quote a dataset.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["internal", "server", "producer", "consumer", "client"]
Value = str | int | float | bool | tuple[str, ...]

MOST_CHARACTERS = 64
MOST_VALUES = 16
"""Of an attribute that holds several."""
PREFIX = "preread."
STUDY, REVISION = "study", "revision"
"""Of every span in the trace of a study."""
COMMON = {
    STUDY: "hash of the Study Instance UID, as in the logs",
    REVISION: "revision of the study",
}

SPANS: "list[Definition]" = []
"""All of them, in the order of the page."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One kind of span. `attributes` maps each attribute, without its prefix, to its values. Without `roles`,
    any role may tell it.
    """

    name: str
    roles: tuple[str, ...]
    kind: Kind
    meaning: str
    attributes: Mapping[str, str]


def define(
    name: str,
    roles: tuple[str, ...],
    meaning: str,
    attributes: Mapping[str, str],
    kind: Kind = "internal",
) -> Definition:
    """A kind of span, which goes onto the page."""
    definition = Definition(name, roles, kind, meaning, attributes)
    SPANS.append(definition)
    return definition


def told(definition: Definition, attributes: Mapping[str, Value]) -> dict[str, Value]:
    """What of these attributes is told: those that are defined, by their full names, and bounded."""
    known = {name: value for name, value in attributes.items() if name in definition.attributes}
    common = {name: value for name, value in attributes.items() if name in COMMON}
    return {PREFIX + name: bounded(value) for name, value in (common | known).items()}


def bounded(value: Value) -> Value:
    """The value, its texts and their number cut."""
    if isinstance(value, str):
        return str(value)[:MOST_CHARACTERS]  # of an enumeration, its value
    if isinstance(value, tuple):
        return tuple(str(one)[:MOST_CHARACTERS] for one in value[:MOST_VALUES])
    return value
