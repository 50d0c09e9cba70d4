import pytest
from structlog.testing import capture_logs

from service.accept.folder.file_outcome import FileOutcome
from service.accept.folder.file_receiver import FileReceiver, IncomingFile
from service.errors import LedgerUnavailable, NotDicom, OutOfSpace, TooLarge, UIDMismatch
from tests.fakes.datasets import EXPLICIT_VR_LE, IMPLICIT_VR_LE, part10, us_dataset
from tests.unit.accept.doubles import Desk

BASIC_TEXT_SR = "1.2.840.10008.5.1.4.1.1.88.11"
BIG_ENDIAN = "1.2.840.10008.1.2.2"


def begin(desk: Desk, study: str = "", extra: tuple[str, ...] = ()) -> IncomingFile:
    files = FileReceiver(desk.receiver, extra)
    return files.begin(files.sending(), "STOW-RS", study)


def receive(desk: Desk, data: bytes, study: str = "", extra: tuple[str, ...] = ()) -> FileOutcome:
    incoming = begin(desk, study, extra)
    incoming.write(data[:100])
    incoming.write(data[100:])
    return incoming.finish()


def test_file_is_kept_with_its_dataset_as_it_was_and_a_head_of_ours() -> None:
    desk, dataset = Desk(), us_dataset()
    outcome = receive(desk, part10(dataset, IMPLICIT_VR_LE), dataset.StudyInstanceUID)
    (kept,) = desk.ledger.instances.values()
    assert outcome.is_kept
    assert outcome.study_instance_uid == kept.study_instance_uid == dataset.StudyInstanceUID
    assert (kept.calling_ae_title, kept.transfer_syntax_uid) == ("STOW-RS", IMPLICIT_VR_LE)
    assert desk.store.get(kept.key).endswith(part10(dataset, IMPLICIT_VR_LE)[-kept.size_bytes :])


def test_program_before_the_dataset_is_not_kept() -> None:
    desk, data = Desk(), part10(us_dataset())
    program = b"MZ" + bytes(range(126))  # a file may be an image to one reader and a program to another
    assert receive(desk, program + data[128:]).is_kept
    (kept,) = desk.ledger.instances.values()
    assert desk.store.get(kept.key)[:132] == bytes(128) + b"DICM"


def test_instance_of_another_study_is_not_kept() -> None:
    desk = Desk()
    outcome = receive(desk, part10(us_dataset()), "1.2.3")
    assert (outcome.status, type(outcome.error)) == (0xC409, UIDMismatch)
    assert (desk.ledger.instances, desk.store.keys("")) == ({}, [])


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (part10(us_dataset(SOPClassUID=BASIC_TEXT_SR)), 0x0122),
        (part10(us_dataset()).replace(EXPLICIT_VR_LE.encode() + b"\0", BIG_ENDIAN.encode() + b"\0"), 0xC122),
        (b"no DICOM at all" * 20, 0xC000),
        (part10(us_dataset())[:150], 0xC000),
        (b"", 0xC000),
    ],
)
def test_file_that_is_not_for_us_is_refused_and_logged(data: bytes, status: int) -> None:
    desk = Desk()
    with capture_logs() as logs:
        outcome = receive(desk, data)
    assert (outcome.status, outcome.is_kept, outcome.may_pass) == (status, False, False)
    assert desk.store.keys("") == []
    assert [line["event"] for line in logs] == ["file refused"]


def test_extra_sop_class_is_taken() -> None:
    assert receive(Desk(), part10(us_dataset(SOPClassUID=BASIC_TEXT_SR)), extra=(BASIC_TEXT_SR,)).is_kept


def test_file_whose_head_names_another_instance_goes_to_the_quarantine() -> None:
    desk, dataset = Desk(), us_dataset(SOPInstanceUID="1.2.3.4")
    outcome = receive(desk, part10(dataset).replace(b"1.2.3.4\0", b"1.2.3.5\0", 1))
    assert outcome.status == 0xA900
    assert [reason["status"] for reason in desk.reasons()] == ["0xA900"]


def test_dataset_that_is_cut_before_its_names_goes_to_the_quarantine() -> None:
    desk = Desk()
    outcome = receive(desk, part10(us_dataset())[:-200])
    assert (outcome.status, outcome.is_kept) == (0xC000, False)
    assert len(desk.reasons()) == 1


def test_want_of_space_may_pass_and_a_file_too_large_does_not() -> None:
    data = part10(us_dataset(PixelData=bytes(4000)))
    full = receive(Desk(capacity_bytes=100, min_free_bytes=50), data)
    large = receive(Desk(max_instance_bytes=1024), data)
    assert (full.status, full.may_pass, type(full.error)) == (0xA700, True, OutOfSpace)
    assert (large.status, large.may_pass, type(large.error)) == (0xA700, False, TooLarge)


def test_ledger_that_is_away_may_pass() -> None:
    desk = Desk()
    desk.ledger.failure = LedgerUnavailable("away")
    outcome = receive(desk, part10(us_dataset()))
    assert (outcome.status, outcome.may_pass) == (0xA700, True)


def test_failure_is_known_before_the_file_ends() -> None:
    incoming = begin(Desk(max_instance_bytes=1024))
    assert not incoming.has_failed
    incoming.write(part10(us_dataset(PixelData=bytes(4000))))
    assert incoming.has_failed
    other = begin(Desk())
    other.write(bytes(200))
    assert other.has_failed
    assert isinstance(other.finish().error, NotDicom)


def test_file_that_is_given_up_leaves_nothing() -> None:
    desk = Desk()
    incoming = begin(desk)
    incoming.write(part10(us_dataset(PixelData=bytes(2_000_000))))
    incoming.abort()
    assert (desk.store.keys(""), desk.ledger.instances) == ([], {})
