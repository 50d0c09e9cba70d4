"""Which breast an image shows, from coded attributes only. Free text is not guessed from."""

from collections.abc import Iterable, Iterator

from pydicom.dataset import Dataset

from service.dicom.values import items, text

_SIDE_OF_CODE = {
    # Qualifiers, CID 244 (SNOMED CT, then SNOMED RT as older systems send it).
    "7771000": "L",
    "G-A101": "L",
    "24028007": "R",
    "G-A100": "R",
    # Pre-coordinated breasts, CID 6022.
    "80248007": "L",
    "T-04030": "L",
    "73056007": "R",
    "T-04020": "R",
    # Both: they speak against either side.
    "51440002": "B",
    "G-A102": "B",
    "63762007": "B",
    "T-04080": "B",
}


def laterality(ds: Dataset) -> str:
    """The side shown: "L", "R", or "" where the header does not say, says both, or contradicts itself.

    Sources: Image Laterality, Laterality, Frame Laterality, and Anatomic Region Sequence with its modifiers
    (PS3.3 C.7.3.1, C.7.6.1, C.7.6.16.2.8, C.8.5.6, 10.5).
    """
    sides = set(_stated(ds))
    return sides.pop() if sides in ({"L"}, {"R"}) else ""


def _stated(ds: Dataset) -> Iterator[str]:
    """Every side that any attribute states."""
    yield from _sides(ds, ("ImageLaterality", "Laterality"))
    yield from _region_sides(ds)
    for anatomy in _frame_anatomies(ds):
        yield from _sides(anatomy, ("FrameLaterality",))
        yield from _region_sides(anatomy)


def _sides(ds: Dataset, keywords: Iterable[str]) -> Iterator[str]:
    yield from filter(None, (text(ds, keyword).upper() for keyword in keywords))


def _region_sides(ds: Dataset) -> Iterator[str]:
    for region in items(ds, "AnatomicRegionSequence"):
        for code in (region, *items(region, "AnatomicRegionModifierSequence")):
            side = _SIDE_OF_CODE.get(text(code, "CodeValue"))
            if side:
                yield side


def _frame_anatomies(ds: Dataset) -> Iterator[Dataset]:
    for keyword in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for group in items(ds, keyword):
            yield from items(group, "FrameAnatomySequence")
