import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.accept.instance.part10 import part10_head
from service.dicom.file_head import MAX_META_BYTES, FileHeadReader
from service.errors import MissingAttribute, NotDicom, Refused, UnsafeUID
from tests.fakes.datasets import EXPLICIT_VR_LE, US_IMAGE, encoded, part10, us_dataset


def read(data: bytes, sizes: list[int] | None = None) -> tuple[FileHeadReader, bytes]:
    reader, dataset = FileHeadReader(), b""
    for size in sizes or []:
        dataset += reader.feed(data[:size])
        data = data[size:]
    return reader, dataset + bytes(reader.feed(data))


@settings(deadline=None)
@given(sizes=st.lists(st.integers(0, 80), max_size=30))
def test_head_is_read_and_the_dataset_passed_on_wherever_the_file_is_cut(sizes: list[int]) -> None:
    dataset = us_dataset()
    reader, passed = read(part10(dataset), sizes)
    assert reader.head is not None
    assert reader.head.sop_class_uid == US_IMAGE
    assert reader.head.sop_instance_uid == dataset.SOPInstanceUID
    assert reader.head.transfer_syntax_uid == EXPLICIT_VR_LE
    assert passed == encoded(dataset)


def test_own_head_is_read_back() -> None:
    reader, passed = read(part10_head("1.2", "1.2.3", "1.2.4", "STOW-RS"))
    assert reader.head is not None
    assert (reader.head.sop_class_uid, reader.head.sop_instance_uid, passed) == ("1.2", "1.2.3", b"")


@pytest.mark.parametrize(
    ("data", "error", "why"),
    [
        (b"\xff\xd8" + bytes(200), NotDicom, "no DICOM preamble"),
        (bytes(128) + b"DICM" + b"\x08\0\x16\0UI" + bytes(20), NotDicom, "group length"),
        (part10_head("1.2", "1.2.3", "", "A"), MissingAttribute, "Transfer Syntax UID"),
        (part10_head("", "1.2.3", "1.2.4", "A"), MissingAttribute, "SOP Class UID"),
        (part10_head("1.2", "../../etc", "1.2.4", "A"), UnsafeUID, "SOP Instance UID"),
        (part10_head("1." + "2" * 63, "1.2.3", "1.2.4", "A"), UnsafeUID, "SOP Class UID"),
    ],
)
def test_head_that_cannot_be_used_is_refused(data: bytes, error: type[Refused], why: str) -> None:
    with pytest.raises(error, match=why):
        read(data)


def test_meta_that_claims_to_be_long_is_refused_at_once() -> None:
    start = bytearray(part10(us_dataset())[:144])
    start[140:144] = (MAX_META_BYTES + 1).to_bytes(4, "little")
    with pytest.raises(NotDicom, match="65536 are read at most"):
        read(bytes(start))


def test_file_that_ends_early_has_no_head() -> None:
    reader, passed = read(part10(us_dataset())[:200])
    assert (reader.head, passed) == (None, b"")
    assert "after 200 bytes" in str(reader.cut_off())


@settings(deadline=None)
@given(data=st.binary(max_size=300))
def test_whatever_the_bytes_are_only_refusals_are_raised(data: bytes) -> None:
    try:
        read(bytes(128) + b"DICM\x02\0\0\0UL\x04\0" + data)
    except Refused:
        return
