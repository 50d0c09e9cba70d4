import pytest
from pydicom.dataset import Dataset

from service.accept.folder.file_outcome import FileOutcome
from service.accept.stow.content_type import UnsupportedMedia
from service.accept.stow.response import response_module, status_code
from service.dicom.file_head import FileHead
from service.errors import NotDicom, OutOfSpace, TooLarge, UIDMismatch
from service.net.multipart import BadMultipart

HEAD = FileHead("1.2.840.10008.5.1.4.1.1.6.1", "1.2.3", "1.2.840.10008.1.2.1")
KEPT = FileOutcome(0x0000, HEAD)
KEPT_BUT = FileOutcome(0xB007, HEAD)
UNREADABLE = FileOutcome(0xC000, error=NotDicom("x"))
FULL = FileOutcome(0xA700, HEAD, error=OutOfSpace("x"))
LARGE = FileOutcome(0xA700, HEAD, error=TooLarge("x"))
OTHER = FileOutcome(0xC409, HEAD, error=UIDMismatch("x"))
JPEG = FileOutcome(0xC000, error=UnsupportedMedia("x"))
BROKEN = FileOutcome(0xC000, error=BadMultipart("x"))


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([KEPT, KEPT], 200),
        ([KEPT, KEPT_BUT], 202),
        ([KEPT, UNREADABLE], 202),
        ([KEPT, BROKEN], 202),
        ([BROKEN], 400),
        ([UNREADABLE, BROKEN], 400),
        ([UNREADABLE], 409),
        ([OTHER, FULL], 409),
        ([FULL, FULL], 503),
        ([LARGE, LARGE], 413),
        ([LARGE, FULL], 409),
        ([JPEG, JPEG], 415),
        ([JPEG, UNREADABLE], 409),
    ],
)
def test_status_code_tells_what_became_of_all(outcomes: list[FileOutcome], code: int) -> None:
    assert status_code(outcomes) == code


def test_module_is_dicom_json_with_every_instance_in_its_sequence() -> None:
    module = Dataset.from_json(response_module([KEPT, KEPT_BUT, OTHER, UNREADABLE]))
    assert module.RetrieveURL is None or module.RetrieveURL == ""
    assert [item.get("WarningReason") for item in module.ReferencedSOPSequence] == [None, 0xB007]
    assert [item.ReferencedSOPInstanceUID for item in module.ReferencedSOPSequence] == ["1.2.3", "1.2.3"]
    (failed,) = module.FailedSOPSequence
    assert (failed.ReferencedSOPClassUID, failed.FailureReason) == (HEAD.sop_class_uid, 0xC409)
    assert [item.FailureReason for item in module.OtherFailuresSequence] == [0xC000]


def test_sequences_without_items_are_left_out() -> None:
    assert response_module([KEPT]).keys() == {"00081190", "00081199"}
