"""Server-sent events as values (HTML Living Standard, section 9.2.6)."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from service.errors import UnexpectedAnswer


@dataclass(frozen=True, slots=True)
class StudyChanged:
    """Something of a study has changed. `fingerprint` is that of how the list shows it."""

    study_instance_uid: str
    fingerprint: str


def changes(lines: Iterable[str]) -> Iterator[StudyChanged]:
    """From the lines of a stream; what only pages need is left out. Raises UnexpectedAnswer."""
    kind, data = "", ""
    for line in lines:
        name, _, value = line.partition(":")
        if name == "event":
            kind = value.strip()
        elif name == "data":
            data += value
        elif not line:
            if kind == "study":
                yield _change(data)
            kind, data = "", ""


def _change(data: str) -> StudyChanged:
    try:
        told = json.loads(data)
        return StudyChanged(str(told["study_instance_uid"]), str(told["fingerprint"]))
    except (ValueError, KeyError, TypeError):
        raise UnexpectedAnswer("an event is not of the form that this client knows: update it") from None
