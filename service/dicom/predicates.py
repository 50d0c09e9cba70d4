"""Whether a predicate of a rule holds on an attribute's values, and how a person would write it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from service.config import Predicate
from service.study.model import InstanceHeader

Values = Sequence[str]

CALLED_AE_TITLE = "called AE title"
CALLING_AE_TITLE = "calling AE title"
"""What a rule may ask beside attributes of the dataset. No DICOM keyword has a blank."""

When = Mapping[str, Predicate]
"""What a rule asks of one and the same instance: DICOM keyword, path of keywords, or one of the two names
above, to predicate."""


def keywords(whens: Iterable[When]) -> tuple[str, ...]:
    """The DICOM keywords, and dotted paths of keywords, that rules look at; each once."""
    return tuple(dict.fromkeys(keyword for when in whens for keyword in when))


def misses(when: When, instance: InstanceHeader) -> int:
    """How many of the predicates do not hold on the instance."""
    return sum(not holds(predicate, values_of(instance, keyword)) for keyword, predicate in when.items())


def values_of(instance: InstanceHeader, keyword: str) -> tuple[str, ...]:
    """The instance's values of an attribute without outer blanks; blank ones are left out."""
    return tuple(value.strip() for value in _raw_values(instance, keyword) if value.strip())


def holds(predicate: Predicate, values: Values) -> bool:
    """Whether the predicate holds. `values` is the attribute's text, empty where the dataset lacks it."""
    present = [value.strip() for value in values if value.strip()]
    test, _ = _TESTS[_kind(predicate)]
    return test(getattr(predicate, _kind(predicate)), present)


def wish(keyword: str, predicate: Predicate) -> str:
    """What the predicate asks for, such as `Modality = US`."""
    _, say = _TESTS[_kind(predicate)]
    return say(keyword, getattr(predicate, _kind(predicate)))


def _raw_values(instance: InstanceHeader, keyword: str) -> Values:
    if keyword == CALLED_AE_TITLE:
        return (instance.called_ae_title,)
    if keyword == CALLING_AE_TITLE:
        return (instance.calling_ae_title,)
    return instance.attributes.get(keyword, ())


def _kind(predicate: Predicate) -> str:
    # The configuration has checked that exactly one key is given.
    return next(kind for kind in _TESTS if getattr(predicate, kind) is not None)


def _any_of(wanted: Sequence[str], values: Values) -> bool:
    folded = {_folded(text) for text in wanted}
    return any(_folded(value) in folded for value in values)


def _matches(pattern: str, values: Values) -> bool:
    # Not fnmatch: there, square brackets are special too, and DICOM text may hold them.
    escaped = re.escape(_folded(pattern)).replace(r"\*", ".*").replace(r"\?", ".")
    return any(re.fullmatch(escaped, _folded(value), re.DOTALL) for value in values)


def _numbers(values: Values) -> list[float]:
    numbers = []
    for value in values:
        try:
            numbers.append(float(value))
        except ValueError:
            continue  # text where a number should be satisfies no bound
    return numbers


def _folded(text: str) -> str:
    return text.strip().casefold()


_TESTS: dict[str, tuple[Callable[..., bool], Callable[..., str]]] = {
    "equals": (lambda text, values: _any_of([text], values), lambda keyword, text: f"{keyword} = {text}"),
    "any_of": (_any_of, lambda keyword, wanted: f"{keyword} one of {', '.join(wanted)}"),
    "matches": (_matches, lambda keyword, pattern: f"{keyword} like {pattern}"),
    "none_of": (
        lambda unwanted, values: not _any_of(unwanted, values),
        lambda keyword, unwanted: f"{keyword} none of {', '.join(unwanted)}",
    ),
    "at_least": (
        lambda bound, values: any(number >= bound for number in _numbers(values)),
        lambda keyword, bound: f"{keyword} at least {bound:g}",
    ),
    "at_most": (
        lambda bound, values: any(number <= bound for number in _numbers(values)),
        lambda keyword, bound: f"{keyword} at most {bound:g}",
    ),
    "present": (
        lambda wanted, values: bool(values) is wanted,
        lambda keyword, wanted: f"{keyword} {'present' if wanted else 'absent'}",
    ),
}
"""Key of the predicate -> (whether it holds on the values, how it reads)."""
