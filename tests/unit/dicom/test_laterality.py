from typing import Any

import pytest

from service.dicom.header import read_header
from service.dicom.laterality import laterality
from tests.unit.dicom.builders import code, items, part10, ultrasound

BREAST, LEFT, RIGHT = "76752008", "7771000", "24028007"


def region(value: str, *modifiers: str) -> Any:
    return [code(value, AnatomicRegionModifierSequence=[code(modifier) for modifier in modifiers])]


def frames(*sides: str) -> Any:
    return [items(FrameAnatomySequence=[items(FrameLaterality=side)]) for side in sides]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"ImageLaterality": "L"}, "L"),
        ({"Laterality": "R"}, "R"),
        ({"ImageLaterality": "r"}, "R"),
        ({"AnatomicRegionSequence": region(BREAST, LEFT)}, "L"),
        ({"AnatomicRegionSequence": region("T-04000", "G-A100")}, "R"),
        ({"AnatomicRegionSequence": region("80248007")}, "L"),
        ({"AnatomicRegionSequence": region("73056007")}, "R"),
        ({"AnatomicRegionSequence": region("T-04030")}, "L"),
        ({"SharedFunctionalGroupsSequence": frames("R")}, "R"),
        ({"PerFrameFunctionalGroupsSequence": frames("L", "L")}, "L"),
        ({"ImageLaterality": "L", "AnatomicRegionSequence": region(BREAST, LEFT)}, "L"),
    ],
)
def test_the_side_comes_from_coded_attributes(attributes: dict[str, Any], expected: str) -> None:
    assert laterality(read_header(part10(ultrasound(**attributes)))) == expected


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"ImageLaterality": ""},
        {"ImageLaterality": "B"},
        {"ImageLaterality": "LEFT"},
        {"ImageLaterality": "L", "Laterality": "R"},
        {"ImageLaterality": "R", "AnatomicRegionSequence": region("80248007")},
        {"AnatomicRegionSequence": region(BREAST, LEFT, RIGHT)},
        {"AnatomicRegionSequence": region("63762007")},
        {"PerFrameFunctionalGroupsSequence": frames("L", "R")},
        {"SeriesDescription": "left breast", "StudyDescription": "L"},
    ],
)
def test_no_side_is_given_where_none_is_stated_or_sides_contradict(attributes: dict[str, Any]) -> None:
    assert laterality(read_header(part10(ultrasound(**attributes)))) == ""
