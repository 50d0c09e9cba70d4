from collections.abc import Callable
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.fetch.multipart import BrokenMultipart, MultipartReader

HEADERS = b"Content-Type: application/dicom\r\n\r\n"


def body(*parts: bytes, first: bytes = b"") -> bytes:
    return first + b"".join(b"\r\n--b\r\n" + HEADERS + part for part in parts) + b"\r\n--b--\r\n"


def reading(data: bytes, step: int = 7) -> Callable[[int], bytes]:
    stream = BytesIO(data)
    return lambda size: stream.read(min(size, step))


def parts_of(data: bytes, step: int = 7, max_bytes: int = 1000) -> list[bytes | None]:
    return list(MultipartReader(reading(data, step), "b", max_bytes).parts())


@given(parts=st.lists(st.binary(max_size=60), max_size=4), step=st.integers(1, 40))
def test_parts_are_read_whatever_the_pieces_in_which_they_come(parts: list[bytes], step: int) -> None:
    parts = [part.replace(b"--b", b"") for part in parts]
    assert parts_of(body(*parts), step) == parts


def test_body_may_begin_with_its_delimiter_or_with_words_for_old_readers() -> None:
    assert parts_of(body(b"one")[2:]) == [b"one"]
    assert parts_of(body(b"one", first=b"a multipart message\r\n")) == [b"one"]


def test_part_without_headers_and_blanks_after_a_delimiter_are_understood() -> None:
    assert parts_of(b"--b \t\r\n\r\none\r\n--b--") == [b"one"]


def test_content_that_looks_like_the_beginning_of_a_delimiter_is_content() -> None:
    assert parts_of(body(b"\r\n--\r\n-\r\n--a"), step=1) == [b"\r\n--\r\n-\r\n--a"]


def test_part_that_is_too_large_is_passed_over_and_the_next_one_is_read() -> None:
    assert parts_of(body(bytes(500), b"two", bytes(100)), max_bytes=100) == [None, b"two", bytes(100)]


def test_part_that_is_too_large_is_never_held() -> None:
    reader = MultipartReader(reading(body(bytes(1_000_000)), step=1000), "b", 5000)
    assert list(reader.parts()) == [None]
    assert len(reader._buffer) < 5000


@pytest.mark.parametrize(
    "data", [b"", b"no multipart", body(b"one")[:-8], b"--b\r\nContent-Type: x", b"--b\r\n" + b"x" * 20_000]
)
def test_body_that_breaks_off_is_broken(data: bytes) -> None:
    with pytest.raises(BrokenMultipart):
        parts_of(data, step=1000)
