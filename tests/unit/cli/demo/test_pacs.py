from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import Comprehensive3DSRStorage, ExplicitVRLittleEndian, SecondaryCaptureImageStorage
from pynetdicom import AE

from service.cli.demo.pacs import SUCCESS, DemoPacs
from service.cli.demo.phantom import phantom_study
from service.config import Destination, SendSettings
from service.net.storage_commitment import STORAGE_COMMITMENT, CommitmentReport
from service.send.association import associate
from service.storage.ledger.tables.commitments import Reference
from tests.unit.accept.doubles import wait_for


@pytest.fixture
def pacs(tmp_path: Path) -> Iterator[DemoPacs]:
    with DemoPacs(tmp_path / "pacs") as running:
        yield running


@pytest.fixture(scope="module")
def image() -> Dataset:
    return phantom_study(seed=1)[0]


def _send(pacs: DemoPacs, ds: Dataset) -> int:
    ae = AE("SENDER")
    ae.add_requested_context(ds.SOPClassUID, ds.file_meta.TransferSyntaxUID)
    assoc = ae.associate(pacs.host, pacs.port, ae_title=pacs.ae_title)
    assert assoc.is_established
    status: int = assoc.send_c_store(ds).Status
    assoc.release()
    return status


def test_the_pacs_keeps_an_object_as_a_file_of_its_uid(pacs: DemoPacs, image: Dataset) -> None:
    status = _send(pacs, image)

    kept = pydicom.dcmread(pacs.folder / f"{image.SOPInstanceUID}.dcm")
    assert status == SUCCESS
    assert kept.PixelData == image.PixelData
    assert kept.file_meta.TransferSyntaxUID == image.file_meta.TransferSyntaxUID


def test_the_pacs_commits_itself_to_what_it_holds_and_to_nothing_else(pacs: DemoPacs, image: Dataset) -> None:
    _send(pacs, image)
    reports: list[CommitmentReport] = []
    to = Destination(name="demo", host=pacs.host, port=pacs.port, ae_title=pacs.ae_title)
    contexts = [(STORAGE_COMMITMENT, (ExplicitVRLittleEndian,))]
    asked = [Reference(image.SOPClassUID, image.SOPInstanceUID), Reference(image.SOPClassUID, "1.2.3")]

    with associate(to, SendSettings(), contexts, reports.append) as association:
        assert association.request_commitment("2.25.1", asked) == SUCCESS
        wait_for(lambda: not association.owed)

    (report,) = reports
    assert report.committed == {image.SOPInstanceUID}
    assert list(report.failed) == ["1.2.3"]


def test_the_pacs_tells_what_it_holds(pacs: DemoPacs, image: Dataset) -> None:
    _send(pacs, image)

    (stored,) = pacs.stored
    assert stored.study_instance_uid == image.StudyInstanceUID
    assert (stored.sop_class_uid, stored.modality) == (image.SOPClassUID, "US")
    assert stored.path.exists()


def test_an_object_that_comes_twice_is_kept_once(pacs: DemoPacs, image: Dataset) -> None:
    statuses = [_send(pacs, image), _send(pacs, image)]

    assert statuses == [SUCCESS, SUCCESS]
    assert len(pacs.stored) == len(list(pacs.folder.iterdir())) == 1
    assert pacs.duplicates == 1


@pytest.mark.parametrize("sop_class_uid", [Comprehensive3DSRStorage, SecondaryCaptureImageStorage])
def test_the_pacs_takes_what_preread_sends(pacs: DemoPacs, image: Dataset, sop_class_uid: str) -> None:
    ds = Dataset()
    ds.file_meta = image.file_meta
    ds.SOPClassUID = sop_class_uid
    ds.SOPInstanceUID, ds.StudyInstanceUID = "1.2.3", "1.2"

    assert _send(pacs, ds) == SUCCESS
    assert [stored.sop_class_uid for stored in pacs.stored] == [sop_class_uid]


def test_waiting_ends_when_the_object_arrives(pacs: DemoPacs, image: Dataset) -> None:
    sender = Timer(0.1, _send, (pacs, image))
    sender.start()

    arrived = pacs.wait_for(lambda stored: len(stored) == 1, timeout_s=30)
    sender.join()

    assert arrived


def test_waiting_says_when_nothing_came(pacs: DemoPacs) -> None:
    assert not pacs.wait_for(lambda stored: len(stored) == 1, timeout_s=0.05)


def test_a_stopped_pacs_has_no_port(tmp_path: Path) -> None:
    pacs = DemoPacs(tmp_path)
    pacs.start()
    pacs.stop()

    with pytest.raises(RuntimeError, match="not started"):
        _ = pacs.port
