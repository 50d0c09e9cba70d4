"""Text as it is shown: real encodings of many countries, and declarations that are wrong."""

import pytest
from pydicom.dataset import Dataset

from service.dicom.charset import decode_for_display, defined_term, is_character_set
from service.dicom.header import instance_header, read_header, read_header_for_display, study_header
from service.dicom.values import text
from tests.unit.dicom.builders import items, part10, ultrasound
from tests.unit.dicom.test_header import named

LONE = "\ufffd"
"""What stands for bytes that cannot be decoded."""
SINGLE_BYTE = {
    "ISO_IR 100": ("latin_1", b"\x1b-A", "Müller^Änne"),
    "ISO_IR 101": ("iso8859_2", b"\x1b-B", "Wałęsa^Łukasz"),
    "ISO_IR 109": ("iso8859_3", b"\x1b-C", "Ġorġ"),
    "ISO_IR 110": ("iso8859_4", b"\x1b-D", "Ķēniņš"),
    "ISO_IR 126": ("iso8859_7", b"\x1b-F", "Διονυσιος"),
    "ISO_IR 127": ("iso8859_6", b"\x1b-G", "قباني^لنزار"),
    "ISO_IR 138": ("iso8859_8", b"\x1b-H", "שרון^דבורה"),
    "ISO_IR 144": ("iso8859_5", b"\x1b-L", "Люкceмбypг"),
    "ISO_IR 148": ("iso8859_9", b"\x1b-M", "Çavuşoğlu"),
    "ISO_IR 166": ("tis620", b"\x1b-T", "สมชาย"),
}
ENCODED = {
    # PS3.5 annex H.3.1, H.3.2: Japanese
    "\\ISO 2022 IR 87": (
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
    ),
    "ISO 2022 IR 13\\ISO 2022 IR 87": (
        b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J"
        b"=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    ),
    "\\ISO 2022 IR 87\\ISO 2022 IR 159": ("X=丂".encode("iso2022_jp_2"), "X=丂"),
    "ISO_IR 13": (b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
    # Annex I.2: Korean
    "\\ISO 2022 IR 149": (
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
        "Hong^Gildong=洪^吉洞=홍^길동",
    ),
    # Annexes J.3, J.4 and K: Chinese
    "ISO_IR 192": ("Wang^XiaoDong=王^小東".encode(), "Wang^XiaoDong=王^小東"),
    "GB18030": ("Wang^XiaoDong=王^小东".encode("gb18030"), "Wang^XiaoDong=王^小东"),
    "GBK": ("Wang^XiaoDong=王^小东".encode("gbk"), "Wang^XiaoDong=王^小东"),
    "\\ISO 2022 IR 58": (
        b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
        "Zhang^XiaoDong=张^小东",
    ),
    # Several sets of one byte, by code extensions
    "ISO 2022 IR 100\\ISO 2022 IR 144": (
        "Müller=".encode("latin_1") + b"\x1b-L" + "Люк".encode("iso8859_5"),
        "Müller=Люк",
    ),
    "ISO_IR 203": ("Œuvre^Žižek".encode("iso8859_15"), "Œuvre^Žižek"),
}


def shown(charset: str | None, encoded: bytes, override: str = "") -> str:
    """The name as it is shown."""
    declared = charset.split("\\") if charset and "\\" in charset else charset
    ds = read_header_for_display(named(declared, encoded), override)
    return study_header([ds]).patient_name


@pytest.mark.parametrize("charset", ENCODED)
def test_examples_of_the_standard_are_decoded(charset: str) -> None:
    encoded, expected = ENCODED[charset]
    assert shown(charset, encoded) == expected


@pytest.mark.parametrize("charset", SINGLE_BYTE)
def test_sets_of_one_byte_are_decoded_with_and_without_code_extensions(charset: str) -> None:
    codec, escape, name = SINGLE_BYTE[charset]
    assert shown(charset, name.encode(codec)) == name
    family = name.partition("^")[0]
    extended = "\\" + charset.replace("ISO_IR", "ISO 2022 IR")
    assert shown(extended, b"X=" + escape + family.encode(codec)) == f"X={family}"


@pytest.mark.parametrize("charset", [None, "", "ISO_IR 6", "ISO 2022 IR 6", "NOT A SET", "\\ISO 2022 IR 87"])
@pytest.mark.parametrize("encoded", ["Müller".encode(), "Müller".encode("latin_1"), "王".encode("gb18030")])
def test_bytes_that_the_declared_set_does_not_have_are_no_guessed_name(
    charset: str | None, encoded: bytes
) -> None:
    expected = encoded.decode("ascii", errors="replace")
    assert shown(charset, encoded) == expected
    assert LONE in expected


@pytest.mark.parametrize(
    ("charset", "encoded"),
    [
        ("ISO_IR 192", b"M\xfcller"),
        ("GB18030", b"\xff\xff\xff"),
        ("\\ISO 2022 IR 87", b"\x1b$B\xff\xff\x1b(B"),
        ("\\ISO 2022 IR 149", b"X=\x1b$)C\xc8"),
        ("\\ISO 2022 IR 144", b"X=\x1b-Z\xd0"),
        ("ISO_IR 192", b"X=\x1b$B;3ED\x1b(B"),
        ("ISO_IR 126", b"\xff"),
    ],
)
def test_what_cannot_be_decoded_is_marked_and_raises_nothing(charset: str, encoded: bytes) -> None:
    header = study_header([read_header_for_display(named(charset.split("\\"), encoded))])
    assert LONE in header.patient_name
    assert "\x1b" not in header.patient_name
    assert not header.is_decoded


@pytest.mark.parametrize(
    "misspelt",
    ["ISO-IR 100", "iso_ir 100", "ISO_IR_100", "ISO_IR100", "ISO IR 100", "ISO 8859-1", "latin1", "IR 100"],
)
def test_misspelt_terms_are_understood(misspelt: str) -> None:
    assert defined_term(misspelt) == "ISO_IR 100"
    assert shown(misspelt, b"M\xfcller") == "Müller"


@pytest.mark.parametrize(
    "misspelt", ["ISO_IR_192", "iso_ir 192", "ISO IR 192", "utf-8", "UTF8", "ISO_IR 192 "]
)
def test_misspelt_utf_8_is_understood(misspelt: str) -> None:
    assert shown(misspelt, "王".encode()) == "王"


@pytest.mark.parametrize(
    "misspelt", ["\\ISO2022IR87", "\\iso 2022 ir 87", "\\ISO_IR 87", "ISO 2022 IR 87", ""]
)
def test_escape_sequences_count_whatever_is_declared(misspelt: str) -> None:
    assert shown(misspelt, b"X=\x1b$B;3ED\x1b(B") == "X=山田"


@pytest.mark.parametrize("codec", ["hex", "rot13", "unicode_escape", "idna", "utf_16", "zlib"])
def test_name_of_a_codec_that_is_no_character_set_is_none(codec: str) -> None:
    marker = "C" * (len(codec) + len(codec) % 2)
    data = named(marker, b"M\xfcller").replace(marker.encode(), codec.ljust(len(marker)).encode())
    assert study_header([read_header_for_display(data)]).patient_name == f"M{LONE}ller"


def test_standard_set_that_allows_no_extensions_stays_alone() -> None:
    assert shown("ISO_IR 192\\ISO 2022 IR 87", "王".encode()) == "王"
    assert shown("ISO_IR 100\\ISO_IR 192", "Müller".encode("latin_1")) == "Müller"


@pytest.mark.parametrize(
    ("override", "declared", "encoded", "expected"),
    [
        ("ISO_IR 192", None, "王^小東".encode(), "王^小東"),
        ("ISO_IR 192", "ISO_IR 100", "Müller".encode(), "Müller"),
        ("GB18030", None, "王^小东".encode("gb18030"), "王^小东"),
        ("ISO_IR 100", None, b"M\xfcller", "Müller"),
        ("windows-1251", "ISO_IR 144", "Иванова".encode("cp1251"), "Иванова"),
        ("Big5", "ISO_IR 100", "王小東".encode("big5"), "王小東"),
        ("\\ISO 2022 IR 149", "ISO_IR 192", b"X=\x1b$)C\xc8\xab", "X=홍"),
    ],
)
def test_set_given_for_a_sender_holds_whatever_is_declared(
    override: str, declared: str | None, encoded: bytes, expected: str
) -> None:
    assert is_character_set(override)
    assert shown(declared, encoded, override) == expected


def test_set_given_for_a_sender_holds_in_items_with_one_of_their_own() -> None:
    marker = "D" * 6
    request = items(RequestedProcedureDescription=marker, SpecificCharacterSet="ISO_IR 100")
    data = part10(ultrasound(RequestAttributesSequence=[request])).replace(marker.encode(), "乳腺".encode())
    path = "RequestAttributesSequence.RequestedProcedureDescription"
    found = instance_header(read_header_for_display(data, "ISO_IR 192"), [path])
    assert found.attributes == {path: ("乳腺",)}


def test_what_is_read_to_be_copied_keeps_its_bytes() -> None:
    ds = read_header(named(None, b"M\xfcller"))
    assert text(ds, "PatientName").encode("latin_1") == b"M\xfcller"


@pytest.mark.parametrize("wrong", ["KLINGON", "ISO_IR 192\\KLINGON", "ISO_IR 100\\", "hex"])
def test_names_of_no_character_set_are_told_apart(wrong: str) -> None:
    assert not is_character_set(wrong)


def test_empty_dataset_is_no_trouble() -> None:
    ds = Dataset()
    decode_for_display(ds)
    assert study_header([ds]).is_decoded
