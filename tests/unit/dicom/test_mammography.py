from typing import Any

import pytest
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts
from pydicom.sr._snomed_dict import mapping
from pydicom.uid import (
    BreastProjectionXRayImageStorageForPresentation,
    ComputedRadiographyImageStorage,
    DigitalMammographyXRayImageStorageForProcessing,
    SecondaryCaptureImageStorage,
    UltrasoundImageStorage,
)

from service.dicom.mammography import MammographyView, mammography_view
from tests.unit.dicom.builders import code, items
from tests.unit.dicom.mammograms import (
    IMPLANT_DISPLACED,
    MAGNIFICATION,
    ROLLED_LATERAL,
    SPOT_COMPRESSION,
    mammogram,
    tomosynthesis,
)

SPECIMEN = "127457009"


def view_of(**attributes: Any) -> str:
    found = mammography_view(mammogram(**attributes))
    assert found is not None
    return found.view


def test_mammogram_shows_its_side_and_view() -> None:
    assert mammography_view(mammogram("L", "MLO")) == MammographyView("L", "MLO")


def test_tomosynthesis_takes_its_side_from_its_frames() -> None:
    assert mammography_view(tomosynthesis("L", "MLO")) == MammographyView("L", "MLO", is_tomosynthesis=True)


@pytest.mark.parametrize(
    ("modifiers", "expected"),
    [
        ((), set()),
        ((IMPLANT_DISPLACED,), {"implant displaced"}),
        (("R-102D5",), {"implant displaced"}),
        ((SPOT_COMPRESSION, MAGNIFICATION), {"spot compression", "magnification"}),
        (("R-102D7", "R-102D6"), {"spot compression", "magnification"}),
        ((ROLLED_LATERAL,), {ROLLED_LATERAL}),
        (("",), set()),
    ],
)
def test_modifiers_are_read_from_their_codes(modifiers: tuple[str, ...], expected: set[str]) -> None:
    found = mammography_view(mammogram("R", "CC", *modifiers))
    assert found is not None
    assert (found.view, set(found.modifiers)) == ("CC", expected)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"ViewPosition": None}, "CC"),
        ({"ViewCodeSequence": []}, "CC"),
        ({"ViewCodeSequence": None, "ViewPosition": " MLO "}, "MLO"),
        ({"ViewCodeSequence": [items()]}, "CC"),
        ({"ViewPosition": "LL"}, "CC"),
        ({"ViewPosition": "MLO"}, ""),
        ({"ViewCodeSequence": None, "ViewPosition": None}, ""),
        ({"ViewCodeSequence": None, "ViewPosition": "SCC"}, ""),
        ({"ViewCodeSequence": [code("399162004"), code("399368009")]}, ""),
        ({"ViewCodeSequence": [code("R-1024A")], "ViewPosition": None}, "XCCL"),
        ({"ViewCodeSequence": [code("Y-X1771")], "ViewPosition": None}, "XCCM"),
    ],
)
def test_view_is_what_code_and_position_agree_on(attributes: dict[str, Any], expected: str) -> None:
    assert view_of(**attributes) == expected


def test_view_of_an_unknown_code_is_not_taken_from_elsewhere() -> None:
    assert view_of(ViewCodeSequence=[code(SPECIMEN)]) == ""


def test_suffix_of_the_position_says_implant_displaced() -> None:
    found = mammography_view(mammogram(ViewCodeSequence=None, ViewPosition="MLOID"))
    assert found == MammographyView("R", "MLO", frozenset({"implant displaced"}))


@pytest.mark.parametrize("side", ["B", "U", ""])
def test_side_that_is_not_one_of_two_is_unknown(side: str) -> None:
    found = mammography_view(mammogram(ImageLaterality=side))
    assert found is not None
    assert found.laterality == ""


@pytest.mark.parametrize(
    "attributes",
    [
        {"SOPClassUID": DigitalMammographyXRayImageStorageForProcessing},
        {"PresentationIntentType": "FOR PROCESSING"},
    ],
)
def test_raw_image_is_not_for_presentation(attributes: dict[str, Any]) -> None:
    found = mammography_view(mammogram(**attributes))
    assert found is not None
    assert not found.is_for_presentation


def test_mammogram_on_a_cassette_is_one() -> None:
    ds = mammogram(SOPClassUID=ComputedRadiographyImageStorage, PresentationIntentType=None)
    assert mammography_view(ds) == MammographyView("R", "CC")


@pytest.mark.parametrize(
    "attributes",
    [
        {"SOPClassUID": SecondaryCaptureImageStorage},
        {"SOPClassUID": BreastProjectionXRayImageStorageForPresentation},
        {"SOPClassUID": UltrasoundImageStorage},
        {"SOPClassUID": ComputedRadiographyImageStorage, "Modality": "CR"},
        {"Modality": None},
    ],
)
def test_anything_else_is_no_view(attributes: dict[str, Any]) -> None:
    assert mammography_view(mammogram(**attributes)) is None


LETTERS = {
    "MedioLateralProjection": "ML",
    "MedioLateralObliqueProjection": "MLO",
    "LateroMedial": "LM",
    "LateroMedialOblique": "LMO",
    "CranioCaudal": "CC",
    "CaudoCranial": "FB",
    "SuperolateralToInferomedialOblique": "SIO",
    "InferomedialToSuperolateralOblique": "ISO",
    "CranioCaudalExaggeratedLaterally": "XCCL",
    "CranioCaudalExaggeratedMedially": "XCCM",
}


@pytest.mark.parametrize("name", cid_concepts[4014]["SCT"])
def test_codes_are_those_of_the_context_group(name: str) -> None:
    (sct,) = concepts["SCT"][name]
    older = [srt for srt, newer in mapping["SRT"].items() if newer == sct]
    for value in [sct, *older]:
        found = view_of(ViewCodeSequence=[code(value)], ViewPosition=None)
        assert found == LETTERS.get(name, "")
