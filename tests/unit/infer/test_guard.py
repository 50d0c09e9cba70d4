from typing import Any

import pytest
from pydicom.uid import (
    ComprehensiveSRStorage,
    EnhancedUSVolumeStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    KeyObjectSelectionDocumentStorage,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from service.infer.guard import refusal
from tests.fakes.classifier import FakeCriteria
from tests.unit.dicom.builders import code, ultrasound, us_region


def reason(**attributes: Any) -> str | None:
    return refusal(ultrasound(**attributes), FakeCriteria(), "us-mass")


def test_a_breast_ultrasound_is_accepted() -> None:
    assert reason() is None


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"Modality": "CT"}, "modality CT: us-mass reads US"),
        ({"Modality": None}, "the header does not say the modality: us-mass reads US"),
        ({"BodyPartExamined": "THYROID"}, "another body part: THYROID (BodyPartExamined)"),
        (
            {"BodyPartExamined": None},
            "does not say that this is a breast (BodyPartExamined is missing)",
        ),
        ({"BodyPartExamined": ""}, "let the scanner fill in Body Part Examined with BREAST"),
        (
            {"BodyPartExamined": None, "StudyDescription": "Thyroid, breast"},
            "names the breast and another body",
        ),
        (
            {"AnatomicRegionSequence": [code("69748006", meaning="Thyroid")]},
            "another body part: THYROID",
        ),
        ({"SOPClassUID": SecondaryCaptureImageStorage}, "secondary capture"),
        ({"SOPClassUID": MultiFrameTrueColorSecondaryCaptureImageStorage}, "secondary capture"),
        ({"SOPClassUID": GrayscaleSoftcopyPresentationStateStorage}, "presentation state"),
        ({"SOPClassUID": ComprehensiveSRStorage}, "structured report"),
        ({"SOPClassUID": KeyObjectSelectionDocumentStorage}, "structured report"),
        ({"SOPClassUID": SegmentationStorage}, "segmentation"),
        ({"SOPClassUID": EnhancedUSVolumeStorage}, "ultrasound volume"),
        ({"Rows": None}, "the instance has no image (Ultrasound Image Storage)"),
        ({"PresentationIntentType": "FOR PROCESSING"}, "FOR PROCESSING"),
        ({"SequenceOfUltrasoundRegions": [us_region((0, 0, 90, 90), 1, 2)]}, "colour flow"),
    ],
)
def test_what_the_classifier_was_not_made_for_is_refused_with_a_reason(
    attributes: dict[str, Any], expected: str
) -> None:
    assert expected in str(reason(**attributes))


def test_free_text_that_says_breast_is_enough() -> None:
    assert reason(BodyPartExamined=None, SeriesDescription="Mamma links") is None


def test_free_text_is_never_quoted() -> None:
    said = reason(BodyPartExamined=None, StudyDescription="Mrs Jones, thyroid and breast")

    assert "Jones" not in str(said)


def test_a_classifier_without_body_parts_takes_any() -> None:
    anywhere = FakeCriteria(body_parts=())

    assert refusal(ultrasound(BodyPartExamined="THYROID"), anywhere, "any") is None


def test_an_operators_word_counts_only_where_the_header_names_no_body_part() -> None:
    unsaid = ultrasound(BodyPartExamined=None)
    thyroid = ultrasound(BodyPartExamined="THYROID")
    both = ultrasound(BodyPartExamined=None, StudyDescription="thyroid and breast")

    assert refusal(unsaid, FakeCriteria(), "any", "BREAST") is None
    assert "another body part" in str(refusal(thyroid, FakeCriteria(), "any", "BREAST"))
    assert "nothing says which one" in str(refusal(both, FakeCriteria(), "any", "BREAST"))
