import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from service.dicom.elements import MAX_VALUE_BYTES
from service.dicom.identity import Identity, IdentityReader, is_safe_uid, read_identity
from service.errors import MissingAttribute, NotDicom, Refused, TooLarge, UnsafeUID
from tests.fakes.datasets import EXPLICIT_VR_LE, IMPLICIT_VR_LE, encoded, us_dataset

EXPLICIT_VR_BE = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
LIMIT = 1024 * 1024


def identity_of(dataset: Dataset, transfer_syntax_uid: str = EXPLICIT_VR_LE) -> Identity:
    return read_identity(encoded(dataset, transfer_syntax_uid), transfer_syntax_uid, LIMIT)


def expected(dataset: Dataset) -> Identity:
    return Identity(
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID, dataset.SOPClassUID
    )


@pytest.mark.parametrize("transfer_syntax_uid", [EXPLICIT_VR_LE, IMPLICIT_VR_LE, EXPLICIT_VR_BE])
def test_identity_is_read_in_every_encoding(transfer_syntax_uid: str) -> None:
    dataset = us_dataset()
    assert identity_of(dataset, transfer_syntax_uid) == expected(dataset)


def test_compressed_pixels_are_not_looked_at() -> None:
    dataset = us_dataset()
    assert read_identity(encoded(dataset)[:-10], JPEG_LOSSLESS, LIMIT) == expected(dataset)


def test_deflated_dataset_is_inflated() -> None:
    dataset = us_dataset()
    assert read_identity(_deflated(encoded(dataset)), DEFLATED, LIMIT) == expected(dataset)


def test_deflated_dataset_that_explodes_is_too_large() -> None:
    bomb = _deflated(encoded(us_dataset()) + bytes(10 * LIMIT))
    with pytest.raises(TooLarge, match="send it uncompressed"):
        read_identity(bomb, DEFLATED, LIMIT)


def test_dataset_that_is_not_deflated_as_agreed_is_not_dicom() -> None:
    with pytest.raises(NotDicom, match="not deflated"):
        read_identity(b"\xff" * 100, DEFLATED, LIMIT)


@pytest.mark.parametrize("transfer_syntax_uid", [EXPLICIT_VR_LE, IMPLICIT_VR_LE, EXPLICIT_VR_BE])
@pytest.mark.parametrize("undefined_length", [True, False])
def test_nested_sequences_before_the_uids_are_stepped_over(
    transfer_syntax_uid: str, undefined_length: bool
) -> None:
    inner = Dataset()
    inner.ReferencedSOPInstanceUID = "9.9.9"
    inner.StudyInstanceUID = "8.8.8"
    inner.is_undefined_length_sequence_item = undefined_length
    outer = Dataset()
    outer.ReferencedImageSequence = Sequence([inner, inner])
    outer["ReferencedImageSequence"].is_undefined_length = undefined_length
    outer.is_undefined_length_sequence_item = undefined_length
    dataset = us_dataset(ReferencedStudySequence=Sequence([outer]))
    dataset["ReferencedStudySequence"].is_undefined_length = undefined_length
    assert identity_of(dataset, transfer_syntax_uid) == expected(dataset)


def test_unknown_vr_of_undefined_length_is_read_as_implicit_vr() -> None:
    item = struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF) + struct.pack("<HHL", 0x0009, 0x1001, 2) + b"xx"
    ends = struct.pack("<HHL", 0xFFFE, 0xE00D, 0) + struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
    unknown = struct.pack("<HH2sHL", 0x0009, 0x1010, b"UN", 0, 0xFFFFFFFF) + item + ends
    dataset = us_dataset()
    head, tail = _split_before_group(encoded(dataset), 0x0010)
    assert read_identity(head + unknown + tail, EXPLICIT_VR_LE, LIMIT) == expected(dataset)


def test_sequence_without_end_is_not_dicom() -> None:
    data = encoded(us_dataset())[:36] + struct.pack("<HH2sHL", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF)
    with pytest.raises(NotDicom, match=r"\(0008,1140\) has no end"):
        read_identity(data, EXPLICIT_VR_LE, LIMIT)


@pytest.mark.parametrize(
    ("keyword", "name"),
    [
        ("SOPInstanceUID", r"SOP Instance UID \(0008,0018\)"),
        ("SOPClassUID", r"SOP Class UID \(0008,0016\)"),
        ("StudyInstanceUID", r"Study Instance UID \(0020,000D\)"),
        ("SeriesInstanceUID", r"Series Instance UID \(0020,000E\)"),
    ],
)
@pytest.mark.parametrize("value", [None, ""])
def test_absent_or_empty_uid_is_named(keyword: str, name: str, value: str | None) -> None:
    with pytest.raises(MissingAttribute, match=name):
        identity_of(us_dataset(**{keyword: value}))


@pytest.mark.parametrize("character_set", ["ISO_IR 6", "ISO 2022 IR 87\\nonsense", "\\", "GB18030"])
def test_odd_character_set_does_not_matter(character_set: str) -> None:
    dataset = us_dataset(SpecificCharacterSet="ISO_IR 100", PatientName=None)
    data = encoded(dataset)
    assert read_identity(
        data.replace(b"ISO_IR 100", character_set.encode()[:10].ljust(10)), EXPLICIT_VR_LE, LIMIT
    ) == expected(dataset)


@pytest.mark.parametrize("padding", [b"\0", b" ", b"\0\0", b"  "])
def test_trailing_padding_is_stripped(padding: bytes) -> None:
    dataset = us_dataset(SOPInstanceUID="1.2.3.44444")
    data = encoded(dataset).replace(b"1.2.3.44444\0", (b"1.2.3.44444"[: 12 - len(padding)] + padding))
    assert read_identity(data, EXPLICIT_VR_LE, LIMIT).sop_instance_uid == "1.2.3.44444"[: 12 - len(padding)]


@pytest.mark.parametrize(
    "raw",
    [b"../../../etc", b"1.2.3.4;rm -", b"1..2.3.4.555", b"1.2.3\\1.2.34", b" 1.2.3.4.567", b"............"],
)
def test_uid_that_could_not_name_a_file_is_unsafe_and_is_not_quoted(raw: bytes) -> None:
    data = encoded(us_dataset(SOPInstanceUID="1.2.3.444444")).replace(b"1.2.3.444444", raw)
    with pytest.raises(UnsafeUID, match=r"SOP Instance UID \(0008,0018\)") as caught:
        read_identity(data, EXPLICIT_VR_LE, LIMIT)
    assert raw.decode() not in str(caught.value)


@pytest.mark.parametrize(
    ("uid", "safe"),
    [
        ("1", True),
        ("1.2.3", True),
        ("9" * 64, True),
        ("9" * 65, False),
        ("", False),
        ("1.", False),
        ("١.٢", False),
    ],
)
def test_safe_uid_is_digits_and_dots(uid: str, safe: bool) -> None:
    assert is_safe_uid(uid) is safe


@pytest.mark.parametrize(
    "data", [b"", b"hello, this is no DICOM", bytes(128) + b"DICM" + bytes(20), b"\x89PNG\r\n\x1a\n" * 9]
)
def test_other_bytes_are_not_dicom(data: bytes) -> None:
    with pytest.raises(NotDicom, match="not a DICOM dataset"):
        read_identity(data, EXPLICIT_VR_LE, LIMIT)


def test_megabytes_of_zeros_are_given_up_early() -> None:
    with pytest.raises(NotDicom, match="no real header"):
        read_identity(bytes(64 * LIMIT), EXPLICIT_VR_LE, LIMIT)


@settings(max_examples=300, deadline=None)
@given(
    data=st.binary(max_size=400),
    syntax=st.sampled_from([EXPLICIT_VR_LE, IMPLICIT_VR_LE, EXPLICIT_VR_BE, DEFLATED]),
)
def test_garbage_is_refused_and_never_anything_else(data: bytes, syntax: str) -> None:
    with pytest.raises(Refused):
        read_identity(data, syntax, LIMIT)


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, 200), junk=st.binary(max_size=24), cut=st.integers(0, 400))
def test_damaged_dataset_is_read_or_refused(at: int, junk: bytes, cut: int) -> None:
    data = encoded(us_dataset())
    damaged = (data[:at] + junk + data[at + len(junk) :])[:cut]
    try:
        identity = read_identity(damaged, EXPLICIT_VR_LE, LIMIT)
    except Refused:
        return
    assert is_safe_uid(identity.sop_instance_uid)


@settings(max_examples=100, deadline=None)
@given(
    size=st.integers(1, 40),
    syntax=st.sampled_from([EXPLICIT_VR_LE, IMPLICIT_VR_LE, EXPLICIT_VR_BE, DEFLATED]),
)
def test_dataset_in_pieces_is_read_as_the_whole_one(size: int, syntax: str) -> None:
    dataset = us_dataset(ReferencedImageSequence=[us_dataset()])
    data = _deflated(encoded(dataset)) if syntax == DEFLATED else encoded(dataset, syntax)
    reader = IdentityReader(syntax, LIMIT)
    for at in range(0, len(data), size):
        reader.feed(memoryview(data)[at : at + size])
    assert reader.identity() == expected(dataset)


def test_long_value_before_the_uids_is_stepped_over_and_not_held() -> None:
    head, tail = _split_before_group(encoded(us_dataset()), 0x0010)
    reader = IdentityReader(EXPLICIT_VR_LE, LIMIT)
    reader.feed(head + struct.pack("<HH2sHL", 0x0009, 0x1001, b"OB", 0, 3 * 10_000_000))
    for _ in range(3):
        reader.feed(bytes(10_000_000))
        assert len(reader._walk._held) == 0
    reader.feed(tail)
    assert reader.identity().study_instance_uid


def test_uid_of_megabytes_is_unsafe_and_not_held() -> None:
    reader = IdentityReader(EXPLICIT_VR_LE, LIMIT)
    for tag in (0x00080016, 0x00080018, 0x0020000D, 0x0020000E):
        reader.feed(struct.pack("<HH2sHL", tag >> 16, tag & 0xFFFF, b"UN", 0, 4_000_000) + b"1" * 4_000_000)
    assert sum(map(len, reader._walk.found.values())) == 4 * MAX_VALUE_BYTES
    with pytest.raises(UnsafeUID):
        reader.identity()


def test_bytes_behind_a_deflated_dataset_are_ignored_and_not_held() -> None:
    dataset = us_dataset()
    reader = IdentityReader(DEFLATED, LIMIT)
    reader.feed(_deflated(encoded(dataset)))
    for _ in range(10):
        reader.feed(bytes(LIMIT))
    assert reader._inflater is not None
    assert len(reader._inflater._inflater.unused_data) == 0
    assert reader.identity() == expected(dataset)


def _deflated(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(data) + deflater.flush()


def _split_before_group(data: bytes, group: int) -> tuple[bytes, bytes]:
    at = data.index(struct.pack("<H", group) + b"\x10\x00PN")
    return data[:at], data[at:]
