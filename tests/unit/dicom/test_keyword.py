import pytest

from service.dicom.keyword import is_keyword, suggest_keyword


@pytest.mark.parametrize(
    "path",
    [
        "Modality",
        "BodyPartExamined",
        "TransferSyntaxUID",
        "RequestAttributesSequence.RequestedProcedureDescription",
        "SharedFunctionalGroupsSequence.FrameAnatomySequence.FrameLaterality",
    ],
)
def test_keywords_and_paths_through_sequences_are_known(path: str) -> None:
    assert is_keyword(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "modality",
        "Modality.",
        "BodyPart",
        "Modality.CodeMeaning",
        "RequestAttributesSequence",
        "PixelData",
        "CommandField",
        "RequestAttributesSequence..StudyID",
    ],
)
def test_what_has_no_comparable_value_is_no_keyword(path: str) -> None:
    assert not is_keyword(path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("modality", "Modality"),
        ("BodyPartExam", "BodyPartExamined"),
        ("studydescription", "StudyDescription"),
        (
            "RequestAttributeSequence.requestedProcedureDescription",
            "RequestAttributesSequence.RequestedProcedureDescription",
        ),
        ("Xyzzy", ""),
        ("Xyzzy.Modality", ""),
    ],
)
def test_a_close_keyword_is_suggested(path: str, expected: str) -> None:
    assert suggest_keyword(path) == expected
