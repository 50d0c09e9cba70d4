"""Which body part a header states, and by which attribute."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset

from service.dicom.body_part_words import names_breast, other_body_part
from service.dicom.values import items, text

BREAST = "BREAST"
"""The defined term of Body Part Examined (PS3.16 Annex L)."""

# Breast, its sides, its quadrants, entire breast, nipple: CID 4013, 6020, 6022. SNOMED RT keeps them in T-04.
_BREAST_CODES = frozenset(
    (
        *("76752008", "80248007", "73056007", "63762007", "181131000"),
        *("77831004", "19100000", "76365002", "33564002", "24142002"),
    )
)
_BREAST_PREFIX = "T-04"
_STATES_NOTHING = frozenset({"", "OTHER", "UNKNOWN", "UNDEFINED", "UNSPECIFIED", "NONE", "NA", "N/A", "-"})
_MAX_CHARACTERS = 64

# From what is said of one image or series to what is said of the whole study.
_FREE_TEXT = (
    "SeriesDescription",
    "ProtocolName",
    "PerformedProcedureStepDescription",
    "RequestedProcedureDescription",
    "StudyDescription",
)


@dataclass(frozen=True, slots=True)
class BodyPart:
    """What a header states.

    `name` is "BREAST", another body part in capitals, or "" where nothing states one. `attribute` is the
    keyword that said so; with an empty `name` it is free text that names the breast and another part.
    """

    name: str = ""
    attribute: str = ""

    @property
    def is_ambiguous(self) -> bool:
        """Whether the text names several body parts, so that it does not say which one this image shows."""
        return not self.name and bool(self.attribute)


def body_part(ds: Dataset) -> BodyPart:
    """The body part that the header states. Coded attributes go before free text.

    Among coded attributes one that states another part than the breast wins: an axilla in a breast study is
    no breast.
    """
    coded = list(_coded(ds))
    another = [part for part in coded if part.name != BREAST]
    return next(iter([*another, *coded, *_described(ds)]), BodyPart())


def _coded(ds: Dataset) -> Iterator[BodyPart]:
    examined = text(ds, "BodyPartExamined").upper()[:_MAX_CHARACTERS]
    if names_breast(examined):
        yield BodyPart(BREAST, "BodyPartExamined")
    elif examined not in _STATES_NOTHING:
        yield BodyPart(examined, "BodyPartExamined")
    for region in items(ds, "AnatomicRegionSequence"):
        code = text(region, "CodeValue")
        if code in _BREAST_CODES or code.startswith(_BREAST_PREFIX):
            yield BodyPart(BREAST, "AnatomicRegionSequence")
        elif code:
            meaning = text(region, "CodeMeaning") or code
            yield BodyPart(meaning.upper()[:_MAX_CHARACTERS], "AnatomicRegionSequence")


def _described(ds: Dataset) -> Iterator[BodyPart]:
    for keyword in _FREE_TEXT:
        for level in (ds, *items(ds, "RequestAttributesSequence")):
            free_text = text(level, keyword)
            breast, other = names_breast(free_text), other_body_part(free_text)
            if breast or other:
                yield BodyPart(other if not breast else "" if other else BREAST, keyword)
