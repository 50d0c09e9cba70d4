"""What studies are found by, and what somebody asks for.

A study has terms: the words of its patient and its numbers, each `word:...`, and what it is told apart by,
such as `modality:us`, `category:4c`, `side:l` or `verdict:accepted`.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from service.study.assessment import Assessment
from service.study.model import Priority, StudyHeader
from service.study.result import AnalysisResult
from service.study.state import StudyState

LONGEST_TERM = 96
"""Characters. Nobody types more, and an index takes no more."""
VERDICT, NOT_ASSESSED = "verdict", "none"
"""What was said last of a newest result, or that nothing was."""
_LONGEST_TEXT = 200
_BETWEEN_WORDS = re.compile(r"[\s^=,;]+")
_WITHIN_WORDS = re.compile(r"[^\w]+")
_WILDCARDS = re.compile(r"[*?]")


@dataclass(frozen=True, slots=True)
class Term:
    """A term that a study must have, or that one of its terms must begin with."""

    value: str
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last study of a page: the next page begins with what was received before it."""

    received_at: datetime
    study_instance_uid: str

    def __str__(self) -> str:
        return f"{self.received_at.astimezone(UTC).isoformat()}~{self.study_instance_uid}"

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """What `str` wrote. Raises ValueError."""
        moment, separator, uid = text.partition("~")
        received_at = datetime.fromisoformat(moment.replace(" ", "+"))  # a plus sign in an address is a blank
        if not (separator and uid) or received_at.tzinfo is None:
            raise ValueError("a moment with its time zone, ~, and a UID")
        return cls(received_at, uid)


@dataclass(frozen=True, slots=True)
class StudyFilter:
    """Which studies are wanted; what is empty or None does not matter.

    `text`: words of the patient's name, the Patient ID, the Accession Number or the Study Instance UID, each
    from its beginning on; all of them. `verdict`: one of `service.study.assessment`, or NOT_ASSESSED.
    `received_from` and `received_until`: of the first image.
    """

    text: str = ""
    states: tuple[StudyState, ...] = ()
    priority: Priority | None = None
    modality: str = ""
    category: str = ""
    side: str = ""
    verdict: str = ""
    received_from: datetime | None = None
    received_until: datetime | None = None

    @property
    def terms(self) -> tuple[Term, ...]:
        """What a study must have."""
        words = _BETWEEN_WORDS.split(self.text[:_LONGEST_TEXT])
        facets = (
            ("modality", self.modality),
            ("category", self.category),
            ("side", self.side),
            (VERDICT, self.verdict),
        )
        return (
            *(Term(_term("word", word), is_prefix=True) for word in words if folded(word)),
            *(Term(_term(kind, value)) for kind, value in facets if value),
        )


def folded(text: str) -> str:
    """Without case and accents, so that mueller's `Müller` is found by `muller`."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in parts if not unicodedata.combining(one)).strip()


def header_terms(header: StudyHeader) -> frozenset[str]:
    """What a study is found by from its header on."""
    words = _words((header.patient_name, header.patient_id, header.accession_number))
    facets = {_term("modality", modality) for modality in header.modalities}
    return frozenset({_term("word", word) for word in words} | facets)


def result_terms(results: Iterable[AnalysisResult]) -> frozenset[str]:
    """What a study is found by from its results on: the highest category of each, and every side."""
    terms = set()
    for result in results:
        terms |= {_term("side", score.laterality) for score in result.scores if score.laterality}
        if result.most_suspicious is not None:
            terms.add(_term("category", result.most_suspicious.category))
    return frozenset(terms)


def name_terms(pattern: str) -> tuple[Term, ...]:
    """What a study has whose Patient's Name matches a pattern with the wildcards * and ? (PS3.4 C.2.2.2.4).

    Only words that the pattern tells the beginning of: `*sen` tells of none.
    """
    terms = []
    pieces = _WILDCARDS.split(pattern)
    for number, piece in enumerate(pieces):
        is_first, is_last = number == 0, number == len(pieces) - 1
        words = _BETWEEN_WORDS.split(piece)
        for place, word in enumerate(words):
            begins = place > 0 or is_first
            ends = place < len(words) - 1 or is_last
            if begins and folded(word):
                terms.append(Term(_term("word", word), is_prefix=not ends))
    return tuple(terms)


def verdict_terms(results: Mapping[str, AnalysisResult], assessments: Iterable[Assessment]) -> frozenset[str]:
    """What a study is found by from what people said: of each classifier's newest result the last word.

    `results` are the newest ones with a score by classifier, `assessments` the oldest first.
    """
    said = {(one.classifier, one.revision): one.verdict for one in assessments}
    found = (said.get((name, one.revision), NOT_ASSESSED) for name, one in results.items())
    return frozenset(_term(VERDICT, one) for one in found)


def _words(values: Iterable[str]) -> set[str]:
    """Every word as it stands, and its parts: `12-345` is found by `345` too."""
    words = {word for value in values for word in _BETWEEN_WORDS.split(value)}
    words |= {part for word in words for part in _WITHIN_WORDS.split(word)}
    return {word for word in words if folded(word)}


def _term(kind: str, value: str) -> str:
    return f"{kind}:{folded(value)}"[:LONGEST_TERM]
