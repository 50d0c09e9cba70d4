"""What a search asks for (PS3.18 section 8.3.4): keys to match, attributes to return, part of the results."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from fastapi.exceptions import HTTPException
from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword

from service.worklist.dicomweb.levels import Level

MOST_RESULTS = 200
"""In one answer."""
FURTHEST = 100_000
"""Results that may be passed over."""
_USUAL = 100
_LONGEST_VALUE = 1024
_TAG = re.compile(r"[0-9A-Fa-f]{8}")


@dataclass(frozen=True, slots=True)
class Search:
    """`keys`: by keyword, the values that an attribute may have; those of a UID list are several, others one.
    `included`: keywords beyond those that a level always returns.
    """

    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    included: frozenset[str] = frozenset()
    limit: int = _USUAL
    offset: int = 0
    fuzzy: bool = False

    def key(self, keyword: str) -> str:
        """The one value of a key; empty where it is not asked for."""
        return next(iter(self.keys.get(keyword, ())), "")


def search_asked(level: Level, parameters: Iterable[tuple[str, str]]) -> Search:
    """From the parameters of an address, in their order. Raises HTTPException 400, which names what can be
    asked: a key that was passed over would return what nobody has asked for.
    """
    keys: dict[str, tuple[str, ...]] = {}
    included: set[str] = set()
    limit, offset, fuzzy = _USUAL, 0, False
    for name, value in parameters:
        if name == "limit":
            limit = min(_number(name, value), MOST_RESULTS)
        elif name == "offset":
            offset = _number(name, value)
        elif name == "fuzzymatching":
            fuzzy = value == "true"
        elif name == "includefield":
            included |= _included(level, value)
        elif name != "accept":
            keyword = _keyword(name)
            if keyword not in level.keys:
                _refuse(f"{_shown(name)} is no key here; keys are {', '.join(level.keys)}")
            if value not in {"", "*"}:  # universal matching (PS3.4 C.2.2.2.3)
                keys[keyword] = _values(keyword, value)
    return Search(keys, frozenset(included), limit, offset, fuzzy)


def _values(keyword: str, value: str) -> tuple[str, ...]:
    if len(value) > _LONGEST_VALUE or not value.isprintable():
        _refuse(f"the value of {keyword} is longer than {_LONGEST_VALUE} characters, or not text")
    if dictionary_VR(keyword) == "UI":
        return tuple(re.split(r"[,\\]", value))  # a comma, or as in a dataset (PS3.18 section 8.3.4.1)
    if keyword == "StudyDate" and not re.fullmatch(r"\d{8}|\d{8}-(\d{8})?|-\d{8}", value, re.ASCII):
        _refuse("StudyDate is YYYYMMDD, or a range of such days: 20261101-20261130, 20261101-, -20261130")
    return (value,)


def _included(level: Level, value: str) -> frozenset[str]:
    if value == "all":
        return frozenset(level.further)
    return frozenset(_keyword(name) for name in value.split(",") if name)


def _keyword(name: str) -> str:
    """By keyword or tag, as in PatientID or 00100020."""
    is_known = tag_for_keyword(name) is not None
    keyword = keyword_for_tag(int(name, 16)) if _TAG.fullmatch(name) else name if is_known else ""
    if not keyword:
        _refuse(f"{_shown(name)} is no attribute: give its keyword or tag, such as PatientID or 00100020")
    return keyword


def _number(name: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value) or int(value) > FURTHEST:
        _refuse(f"{name} is a number from 0 to {FURTHEST}")
    return int(value)


def _shown(name: str) -> str:
    return name if name.isalnum() and name.isascii() and len(name) <= 64 else "a parameter"  # noqa: PLR2004


def _refuse(why: str) -> NoReturn:
    raise HTTPException(400, why)
