from email import message_from_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.net.multipart import LONGEST_HEADER_BYTES, MAX_PADDING_BYTES, BadMultipart, MultipartReader
from tests.unit.accept.stow.bodies import BOUNDARY, Collected, body, cut

NASTY = st.lists(
    st.sampled_from([b"\r", b"\n", b"\r\n", b"-", b"--", b"\r\n--", b"\r\n--cut", b"cut-her", b"\0", b"x"])
).map(b"".join)
CONTENTS = st.lists(st.one_of(NASTY, st.binary(max_size=200)), min_size=1, max_size=4)
SIZES = st.lists(st.integers(0, 40), max_size=60)


def read(data: bytes, sizes: list[int] | None = None, **bounds: int) -> Collected:
    parts = Collected()
    reader = MultipartReader(BOUNDARY, parts, **bounds)
    for piece in cut(data, sizes or []):
        reader.feed(piece)
    reader.end()
    return parts


@settings(deadline=None)
@given(contents=CONTENTS, sizes=SIZES, before=NASTY, after=NASTY)
def test_parts_are_the_same_wherever_the_body_is_cut(
    contents: list[bytes], sizes: list[int], before: bytes, after: bytes
) -> None:
    parts = read(before + b"\r\n" + body(*contents) + after, sizes)
    assert parts.contents == contents
    assert parts.ended == len(contents)
    assert parts.headers == [{"content-type": "application/dicom"}] * len(contents)


@settings(deadline=None)
@given(contents=CONTENTS)
def test_parts_are_the_same_byte_for_byte_fed_singly(contents: list[bytes]) -> None:
    data = body(*contents)
    assert read(data, [1] * len(data)).contents == contents


@settings(deadline=None)
@given(data=NASTY, sizes=SIZES)
def test_any_body_is_read_or_refused(data: bytes, sizes: list[int]) -> None:
    try:
        parts = read(b"--cut-here" + data, sizes)
    except BadMultipart:
        return
    assert parts.ended == len(parts.contents)


@settings(deadline=None)
@given(contents=st.lists(st.binary(max_size=50).filter(lambda part: b"\n" not in part and b"\r" not in part)))
def test_parts_are_those_that_the_standard_library_finds(contents: list[bytes]) -> None:
    data = body(*contents, b"last")
    head = f"Content-Type: multipart/related; boundary={BOUNDARY}\r\n\r\n".encode()
    expected = [part.get_payload(decode=True) for part in list(message_from_bytes(head + data).walk())[1:]]
    assert read(data).contents == expected


def test_preamble_epilogue_and_white_space_after_boundaries_are_skipped() -> None:
    data = (
        b"hello\r\n--cut-here \t \r\n\r\none\r\n--cut-here\r\n\r\ntwo\r\n--cut-here-- \r\n--cut-here\r\nbye"
    )
    assert read(data).contents == [b"one", b"two"]


def test_body_of_a_part_may_begin_and_end_with_line_breaks() -> None:
    assert read(body(b"\r\n\r\nx\r\n")).contents == [b"\r\n\r\nx\r\n"]


def test_part_may_have_neither_header_nor_body() -> None:
    parts = read(b"--cut-here\r\n\r\n--cut-here\r\nA: b\r\n\r\n--cut-here--")
    assert (parts.headers, parts.contents, parts.ended) == ([{}, {"a": "b"}], [b"", b""], 2)


def test_names_of_headers_are_small_and_folded_lines_are_one() -> None:
    parts = read(body(b"x", header=b"Content-TYPE: application/dicom;\r\n  a=b\r\ncontent-type: x\r\n"))
    assert parts.headers == [{"content-type": "application/dicom;  a=b"}]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "ends before its closing boundary"),
        (body(b"x")[:-4], "ends before its closing boundary"),
        (b"--cut-here\n\nbare line feeds\n--cut-here--\n", "goes on"),
        (b"--cut-hereafter\r\n\r\nx\r\n--cut-here--", "goes on"),
        (b"--cut-here-x\r\n\r\nx\r\n--cut-here--", "goes on"),
        (b"--cut-here" + b" " * MAX_PADDING_BYTES + b"\r\n\r\nx\r\n--cut-here--", "goes on"),
        (body(b"x", header=b"no name\r\n"), "without a name"),
        (body(b"x", header=b"A: " + b"b" * LONGEST_HEADER_BYTES + b"\r\n"), "longer than"),
    ],
)
def test_body_that_is_none_is_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(BadMultipart, match=why):
        read(data)


def test_body_of_no_part_is_left_to_the_caller() -> None:
    parts = Collected()
    reader = MultipartReader(BOUNDARY, parts)
    reader.feed(b"--cut-here--")
    reader.end()
    assert (reader.part_count, parts.contents) == (0, [])


def test_more_parts_than_are_wanted_are_refused() -> None:
    assert len(read(body(b"1", b"2"), most_parts=2).contents) == 2
    with pytest.raises(BadMultipart, match="more than 2 parts"):
        read(body(b"1", b"2", b"3"), most_parts=2)


def test_header_may_be_as_long_as_the_caller_says() -> None:
    data = body(b"x", header=b"A: " + b"b" * 100 + b"\r\n")
    assert read(data, longest_header_bytes=200).contents == [b"x"]
    with pytest.raises(BadMultipart, match="longer than 50 bytes"):
        read(data, longest_header_bytes=50)


def test_part_is_handed_on_while_it_comes() -> None:
    parts = Collected()
    reader = MultipartReader(BOUNDARY, parts)
    reader.feed(body(b"")[:-18] + b"\r\n")
    for _ in range(100):
        reader.feed(b"x" * 1000)
    assert len(parts.contents[0]) > 99_000
