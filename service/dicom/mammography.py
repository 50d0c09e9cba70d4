"""Which view of which breast a mammogram shows, and how it was made, from coded attributes only.

Source: PS3.3 C.8.11.7 and C.8.21 (Breast View), PS3.16 CID 4014 and CID 4015.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pydicom.dataset import Dataset

from service.dicom.laterality import laterality
from service.dicom.values import items, text

IMPLANT_DISPLACED = "implant displaced"
TOMOSYNTHESIS = "1.2.840.10008.5.1.4.1.1.13.1.3"
FOR_PROCESSING = frozenset({"1.2.840.10008.5.1.4.1.1.1.2.1", "1.2.840.10008.5.1.4.1.1.1.1.1"})
"""Digital Mammography and Digital X-Ray Image Storage - For Processing."""
FOR_PRESENTATION = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.1",  # Computed Radiography, where the cassette was a mammography one
        "1.2.840.10008.5.1.4.1.1.1.1",  # Digital X-Ray, as some digitisers send mammograms
        "1.2.840.10008.5.1.4.1.1.1.2",  # Digital Mammography X-Ray
        TOMOSYNTHESIS,
    }
)
_VIEW_OF_CODE = {
    # CID 4014: SNOMED CT, then SNOMED RT as older systems send it.
    "399162004": "CC",
    "R-10242": "CC",
    "399368009": "MLO",
    "R-10226": "MLO",
    "399260004": "ML",
    "R-10224": "ML",
    "399352003": "LM",
    "R-10228": "LM",
    "399099002": "LMO",
    "R-10230": "LMO",
    "399196006": "FB",
    "R-10244": "FB",
    "399188001": "SIO",
    "R-102D0": "SIO",
    "441555000": "ISO",
    "R-40AAA": "ISO",
    "399192008": "XCCL",
    "R-1024A": "XCCL",
    "Y-X1770": "XCCL",
    "399101009": "XCCM",
    "R-1024B": "XCCM",
    "Y-X1771": "XCCM",
}
_MODIFIER_OF_CODE = {
    # The modifiers of CID 4015 that are told apart; any other one is kept as its code.
    "399209000": IMPLANT_DISPLACED,
    "R-102D5": IMPLANT_DISPLACED,
    "399055006": "spot compression",
    "R-102D7": "spot compression",
    "399163009": "magnification",
    "R-102D6": "magnification",
}
_VIEWS = frozenset(_VIEW_OF_CODE.values())


@dataclass(frozen=True, slots=True)
class MammographyView:
    """One mammogram.

    `laterality` is "L", "R", or "" where the header does not say one side. `view` is the letters of CID 4014
    such as "MLO", or "" where it does not say one view. `modifiers` are words for the ones of CID 4015 that
    are known here, else their codes. An image of a part of the breast (Partial View) counts as its view.
    """

    laterality: str
    view: str
    modifiers: frozenset[str] = frozenset()
    is_tomosynthesis: bool = False
    is_for_presentation: bool = True


def mammography_view(ds: Dataset) -> MammographyView | None:
    """What the mammogram shows; None for anything else, projections of a tomosynthesis and captures too."""
    sop_class_uid = text(ds, "SOPClassUID")
    if text(ds, "Modality").upper() != "MG" or sop_class_uid not in FOR_PRESENTATION | FOR_PROCESSING:
        return None
    views, modifiers = _coded(ds)
    position = text(ds, "ViewPosition").upper()
    # "MLOID" is the letters of the view with the suffix that ACR gives to implant-displaced views.
    plain = position.removesuffix("ID")
    if plain in _VIEWS:
        views.add(plain)
        modifiers |= {IMPLANT_DISPLACED} if plain != position else set()
    return MammographyView(
        laterality=laterality(ds),
        view=next(iter(views)) if len(views) == 1 and views <= _VIEWS else "",
        modifiers=frozenset(modifiers),
        is_tomosynthesis=sop_class_uid == TOMOSYNTHESIS,
        is_for_presentation=sop_class_uid in FOR_PRESENTATION
        and text(ds, "PresentationIntentType").upper() != "FOR PROCESSING",
    )


def _coded(ds: Dataset) -> tuple[set[str], set[str]]:
    """Views and modifiers of View Code Sequence, an unknown one as its code: it speaks against any other.

    An item without a code says nothing.
    """
    views = items(ds, "ViewCodeSequence")
    modifiers = _codes(modifier for view in views for modifier in items(view, "ViewModifierCodeSequence"))
    known = (_VIEW_OF_CODE.get(code, code) for code in _codes(views))
    return set(known), {_MODIFIER_OF_CODE.get(code, code) for code in modifiers}


def _codes(sequence: Iterable[Dataset]) -> list[str]:
    return [code for item in sequence if (code := text(item, "CodeValue"))]
