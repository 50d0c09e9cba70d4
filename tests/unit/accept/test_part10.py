from io import BytesIO

import pytest
from pydicom import dcmread

from service.accept.instance.part10 import part10_head
from service.dicom.file import read_ae_titles, read_file_identity
from tests.fakes.datasets import EXPLICIT_VR_LE, US_IMAGE, encoded, us_dataset


def test_file_is_read_back_by_pydicom() -> None:
    dataset = us_dataset(SOPInstanceUID="1.2.3")
    head = part10_head(US_IMAGE, "1.2.3", EXPLICIT_VR_LE, "SCANNER", "PREREAD_URGENT")
    read = dcmread(BytesIO(head + encoded(dataset)))
    assert read == dataset
    meta = read.file_meta
    assert (meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID) == (US_IMAGE, "1.2.3")
    assert (meta.TransferSyntaxUID, meta.SourceApplicationEntityTitle) == (EXPLICIT_VR_LE, "SCANNER")
    assert meta.ReceivingApplicationEntityTitle == "PREREAD_URGENT"
    assert meta.ImplementationVersionName == "PREREAD_0_1_0"


@pytest.mark.parametrize("titles", [("SCANNER", "PREREAD_URGENT"), ("ODD", "")])
def test_file_tells_who_sent_it_to_whom(titles: tuple[str, str]) -> None:
    head = part10_head(US_IMAGE, "1.2.3", EXPLICIT_VR_LE, *titles)
    assert read_ae_titles(BytesIO(head + encoded(us_dataset()))) == titles


def test_file_tells_its_identity() -> None:
    dataset = us_dataset()
    head = part10_head(US_IMAGE, dataset.SOPInstanceUID, EXPLICIT_VR_LE, "ODD")
    identity, transfer_syntax_uid = read_file_identity(head + encoded(dataset), 10_000)
    assert (identity.sop_instance_uid, transfer_syntax_uid) == (dataset.SOPInstanceUID, EXPLICIT_VR_LE)
