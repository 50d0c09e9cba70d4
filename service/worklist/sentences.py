"""Sentences of the service in the reader's language: reasons, details, notices, errors.

They are kept in English, as they were written. A page shows them by a catalogue of patterns: each {} takes
what stands there, which is put into the language too where it is a sentence itself. Where patterns fit in
several ways, the one that leaves the least in English is right. What none fits stays as it is.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from service.worklist.language import CATALOGUES, ENGLISH, read_catalogue

LONGEST = 1000
"""Characters. What is longer is a library's own text."""
_JOINED = {"; ": "；", ": ": "：", ", ": "，"}
"""What stands between sentences that are put together."""
_BETWEEN = re.compile("|".join(_JOINED))
MOST_PLACES = 24
"""Where a text may be taken apart. With more of them somebody else has written it, and it would take long."""
_CONTINUED = (" ", ",", ";")
"""A pattern that begins or ends so is added to another sentence."""
_PUNCTUATION = re.compile("[:;)] ")
_LETTERS = re.compile(r"[A-Za-z]")
_FEW, _SOME = 7, 10


@dataclass(frozen=True, slots=True)
class Pattern:
    """One entry of the catalogue. `literal` is its longest part without values.

    A loose one, such as `{} or {}`, says so little that it is looked for only within another sentence.
    """

    regex: re.Pattern[str]
    literal: str
    said: str
    letters: int
    is_loose: bool

    @classmethod
    def of(cls, english: str, said: str) -> "Pattern":
        """From the texts of the catalogue."""
        before = "{}" if english.startswith(_CONTINUED) else ""
        after = "{}" if english.endswith(" ") else ""
        parts = f"{before}{english}{after}".split("{}")
        letters = len(_LETTERS.findall("".join(parts)))
        is_between = not parts[0] and not parts[-1]
        is_loose = letters < (_SOME if is_between else _FEW) and not re.search("[:(]", english)
        return cls(
            re.compile("(.*?)".join(map(re.escape, parts)), re.DOTALL),
            max(parts, key=len),
            f"{before}{said}{after}",
            letters,
            is_loose or " " not in english,
        )

    def values(self, text: str) -> Sequence[str] | None:
        """What stands in place of each {}; None where the text is another one."""
        found = self.regex.fullmatch(text) if self.literal in text else None
        if found is None or any(one.count("(") != one.count(")") for one in found.groups()):
            return None
        is_short = all(len(one.split()) <= _FEW for one in found.groups())
        return found.groups() if is_short or not self.is_loose else None


def say(language: str, text: str) -> str:
    """A sentence of the service in a language, or as it is where the catalogue has nothing like it."""
    return text if language == ENGLISH or not text else _say(language, text, is_value=False)


@lru_cache(maxsize=8192)
def _say(language: str, text: str, *, is_value: bool) -> str:
    if len(text) > LONGEST:
        return text
    found = [text]
    for pattern in patterns(language):
        values = None if pattern.is_loose and not is_value else pattern.values(text)
        if values is not None:
            found.append(pattern.said.format(*(_say(language, one, is_value=True) for one in values)))
    return min((*found, *_in_parts(language, text)), key=_left)


def _left(said: str) -> tuple[int, int]:
    """How much of it is still in English: letters, and punctuation between sentences."""
    return len(_LETTERS.findall(said)), len(_PUNCTUATION.findall(said))


def _in_parts(language: str, text: str) -> Iterator[str]:
    """The text taken apart at each place where sentences may have been put together."""
    places = list(_BETWEEN.finditer(text))
    for place in places if len(places) <= MOST_PLACES else ():
        parts = text[: place.start()], text[place.end() :]
        both = [_say(language, part, is_value=False) for part in parts]
        if tuple(both) != parts:
            yield _JOINED[place[0]].join(both)


@cache
def patterns(language: str) -> tuple[Pattern, ...]:
    """Those of a language: what says most comes first."""
    entries = read_catalogue(CATALOGUES / f"{language}.sentences.po")
    found = [Pattern.of(english, said) for english, said in entries.items()]
    return tuple(sorted(found, key=lambda one: -one.letters))
