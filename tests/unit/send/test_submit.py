from pathlib import Path

import pytest

from service.errors import PeerUnavailable
from service.send.submit import Submitted, submit_files
from tests.fakes.datasets import EXPLICIT_VR_LE, IMPLICIT_VR_LE, US_IMAGE, part10, us_dataset
from tests.servers.dcmtk import Dcmtk
from tests.servers.process import free_port
from tests.unit.send.pacs import SETTINGS, destination, running_pacs

# pynetdicom leaves closing a socket that never connected to its reference count.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed <socket:ResourceWarning",
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning",
)

JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
EVERYTHING = {US_IMAGE: [EXPLICIT_VR_LE, IMPLICIT_VR_LE, JPEG_LOSSLESS]}


def test_folder_is_sent_and_each_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "1.dcm").write_bytes(part10(us_dataset()))
    (tmp_path / "below" / "2").write_bytes(part10(us_dataset(), IMPLICIT_VR_LE))
    told: list[Submitted] = []
    with running_pacs(EVERYTHING) as pacs:
        reports = submit_files([tmp_path], pacs.destination, SETTINGS, told.append)
    assert [(one.path.name, one.accepted) for one in reports] == [("1.dcm", True), ("2", True)]
    assert tuple(told) == reports
    assert len(pacs.datasets) == 2


def test_file_that_is_no_dicom_instance_is_skipped_and_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("left breast, see image 3")
    (tmp_path / "cut.dcm").write_bytes(part10(us_dataset())[:150])
    (tmp_path / "nameless.dcm").write_bytes(part10(us_dataset(StudyInstanceUID=None)))
    with running_pacs(EVERYTHING) as pacs:
        reports = submit_files(
            [tmp_path, tmp_path / "missing.dcm"], pacs.destination, SETTINGS, lambda _one: None
        )
    assert sorted(one.path.name for one in reports) == ["cut.dcm", "missing.dcm", "nameless.dcm", "notes.txt"]
    assert all(one.sent is None and one.detail.startswith("skipped: ") for one in reports)
    assert pacs.associations == []


def test_damaged_file_does_not_hold_up_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "1.dcm").write_bytes(
        part10(us_dataset())[:-40] + b"\x21\0\1\0SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0"
    )
    (tmp_path / "2.dcm").write_bytes(part10(us_dataset()))
    with running_pacs(EVERYTHING) as pacs:
        reports = submit_files([tmp_path], pacs.destination, SETTINGS, lambda _one: None)
    assert reports[1].accepted


def test_compressed_file_is_sent_as_it_is(dcmtk: Dcmtk, tmp_path: Path) -> None:
    plain, compressed = tmp_path / "plain.dcm", tmp_path / "compressed.dcm"
    plain.write_bytes(part10(us_dataset(Rows=16, Columns=16, PixelData=bytes(256))))
    assert dcmtk.run("dcmcjpeg", str(plain), str(compressed)).returncode == 0
    with running_pacs(EVERYTHING) as pacs:
        reports = submit_files([plain, compressed], pacs.destination, SETTINGS, lambda _one: None)
    assert [one.accepted for one in reports] == [True, True]
    assert pacs.transfer_syntaxes == [EXPLICIT_VR_LE, JPEG_LOSSLESS]


def test_compressed_file_that_the_peer_does_not_take_is_refused_with_the_name_of_its_syntax(
    dcmtk: Dcmtk, tmp_path: Path
) -> None:
    plain, compressed = tmp_path / "plain.dcm", tmp_path / "compressed.dcm"
    plain.write_bytes(part10(us_dataset(Rows=16, Columns=16, PixelData=bytes(256))))
    assert dcmtk.run("dcmcjpeg", str(plain), str(compressed)).returncode == 0
    with running_pacs({US_IMAGE: [EXPLICIT_VR_LE]}) as pacs:
        (report,) = submit_files([compressed], pacs.destination, SETTINGS, lambda _one: None)
    assert not report.accepted
    assert "does not take SOP class Ultrasound Image Storage as JPEG Lossless" in report.detail


def test_peer_that_is_down_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "1.dcm").write_bytes(part10(us_dataset()))
    with pytest.raises(PeerUnavailable):
        submit_files([tmp_path], destination(free_port()), SETTINGS, lambda _one: None)
