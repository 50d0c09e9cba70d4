from io import BytesIO

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from service.dicom import header
from service.dicom.header import instance_header, read_header, study_header
from service.dicom.values import text
from service.errors import NotDicom, StoreUnavailable, TooLarge
from service.study.model import StudyHeader
from tests.unit.dicom.builders import items, packaged, packaged_charset, part10, ultrasound


def named(charset: str | list[str] | None, name: bytes) -> bytes:
    """A file whose Patient's Name has exactly these bytes under this character set."""
    marker = "N" * (len(name) + len(name) % 2)
    data = part10(ultrasound(SpecificCharacterSet=charset, PatientName=marker))
    return data.replace(marker.encode(), name + b" " * (len(name) % 2))


def test_header_is_read_without_its_pixels() -> None:
    ds = read_header(part10(ultrasound()))

    assert text(ds, "Modality") == "US"
    assert "PixelData" not in ds


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\x00" * 200, b"\x00" * 128 + b"DICN" + b"\x00" * 64])
def test_bytes_that_are_no_part_10_file_are_refused(data: bytes) -> None:
    with pytest.raises(NotDicom, match="DICM is missing"):
        read_header(data)


def test_a_file_without_attributes_is_refused() -> None:
    with pytest.raises(NotDicom, match="no attributes"):
        read_header(b"\x00" * 128 + b"DICM")


def test_deeply_nested_sequences_are_refused_and_do_not_end_the_process() -> None:
    opening = b"\x40\x00\x75\x02SQ\x00\x00\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    start = part10(empty_dataset())

    with pytest.raises(NotDicom, match="RecursionError"):
        read_header(start + opening * 5000)


def empty_dataset() -> Dataset:
    ds = Dataset()
    ds.file_meta = ultrasound().file_meta
    return ds


def test_a_deflated_dataset_that_inflates_beyond_the_bound_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(header, "MAX_INFLATED_BYTES", 3 * 1024**2)
    ds = ultrasound(np.zeros((2048, 2048), dtype=np.uint8))
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    small_file = part10(ds)

    with pytest.raises(TooLarge, match="3 MiB"):
        read_header(small_file)


def test_a_deflated_dataset_of_ordinary_size_is_read() -> None:
    assert text(read_header(packaged("image_dfl.dcm")), "Modality") == "OT"


@pytest.mark.parametrize(
    ("charset", "encoded", "expected"),
    [
        ("ISO_IR 100", "Müller^Änne".encode("latin-1"), "Müller^Änne"),
        ("ISO_IR 192", "王^小東".encode(), "王^小東"),
        ("GB18030", "王^小东".encode("gb18030"), "王^小东"),
        ("GBK", "王^小东".encode("gbk"), "王^小东"),
        ("ISO_IR 144", "Люкceмбypг".encode("iso8859_5"), "Люкceмбypг"),
        (
            ["", "ISO 2022 IR 87"],
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B",
            "Yamada^Tarou=山田^太郎",
        ),
        (
            ["", "ISO 2022 IR 149"],
            b"Hong^Gildong=\x1b$)C" + "홍".encode("euc_kr") + b"^\x1b$)C" + "길동".encode("euc_kr"),
            "Hong^Gildong=홍^길동",
        ),
        (
            ["", "ISO 2022 IR 58"],
            b"Zhang^XiaoDong=\x1b$)A" + "张".encode("gb2312") + b"^\x1b$)A" + "小东".encode("gb2312"),
            "Zhang^XiaoDong=张^小东",
        ),
    ],
)
def test_a_name_is_decoded_by_its_own_character_set(
    charset: str | list[str], encoded: bytes, expected: str
) -> None:
    ds = read_header(named(charset, encoded))

    assert study_header([ds]).patient_name == expected


@pytest.mark.parametrize("misspelt", ["ISO_IR192", "iso-ir 192", "UTF-8", "utf8", "ISO IR 192", "ISO_IR_192"])
def test_a_misspelt_character_set_is_understood(misspelt: str) -> None:
    ds = read_header(named(misspelt, "王^小東".encode()))

    assert study_header([ds]).patient_name == "王^小東"


def test_a_misspelt_second_character_set_leaves_the_empty_first_one() -> None:
    encoded = b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"

    ds = read_header(named(["", "ISO2022IR87"], encoded))

    assert study_header([ds]).patient_name == "Yamada^Tarou=山田^太郎"


@pytest.mark.parametrize(
    ("charset", "encoded"),
    [
        ("ISO_IR 192", b"M\xfcller"),
        ("NOT A CHARSET", b"M\xfcller"),
        ("GB18030", b"\xff\xff\xff"),
        (["", "ISO 2022 IR 87"], b"\x1b$B\xff\xff\x1b(B"),
        (["GB18030", "ISO 2022 IR 87"], b"\x1b$)C\xc8"),
    ],
)
def test_undecodable_bytes_are_shown_with_replacement(charset: str | list[str], encoded: bytes) -> None:
    name = study_header([read_header(named(charset, encoded))]).patient_name

    assert name
    assert "\x1b" not in name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("chrFren.dcm", "Buc^Jérôme"),
        ("chrGerm.dcm", "Äneas^Rüdiger"),
        ("chrRuss.dcm", "Люкceмбypг"),
        ("chrGreek.dcm", "Διονυσιος"),
        ("chrX1.dcm", "Wang^XiaoDong=王^小東"),
        ("chrX2.dcm", "Wang^XiaoDong=王^小东"),
        ("chrI2.dcm", "Hong^Gildong=洪^吉洞=홍^길동"),
        ("chrH31.dcm", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("chrH32.dcm", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
    ],
)
def test_real_files_of_many_countries_are_decoded(name: str, expected: str) -> None:
    assert study_header([read_header(packaged_charset(name))]).patient_name == expected


def test_text_in_nested_items_follows_a_misspelt_character_set() -> None:
    marker = "D" * 6
    request = items(RequestedProcedureDescription=marker)
    data = part10(ultrasound(SpecificCharacterSet="ISO_IR192", RequestAttributesSequence=[request]))
    ds = read_header(data.replace(marker.encode(), "乳腺".encode()))

    found = instance_header(ds, ["RequestAttributesSequence.RequestedProcedureDescription"])

    assert found.attributes == {"RequestAttributesSequence.RequestedProcedureDescription": ("乳腺",)}


def test_study_header_takes_the_first_value_of_any_instance() -> None:
    first = ultrasound(PatientID="", AccessionNumber="A1", Modality="US")
    second = ultrasound(PatientID="P7", AccessionNumber="A2", Modality="MG", StudyDate="20240231")
    third = ultrasound(Modality="US", PatientBirthDate="19700101", PatientSex="F", StudyTime="101112")

    found = study_header([first, second, third])

    assert found == StudyHeader(
        patient_id="P7",
        patient_birth_date="19700101",
        patient_sex="F",
        accession_number="A1",
        study_date="20240231",
        study_time="101112",
        modalities=("MG", "US"),
    )


def test_study_header_of_nothing_is_empty() -> None:
    assert study_header([]) == StudyHeader()


def test_instance_header_has_the_asked_attributes_and_no_others() -> None:
    ds = read_header(part10(ultrasound(ImageType=["ORIGINAL", "PRIMARY"], PatientName="Private^Person")))

    found = instance_header(ds, ["Modality", "ImageType", "Rows", "StudyDescription", "TransferSyntaxUID"])

    assert found.sop_instance_uid == ds.SOPInstanceUID
    assert found.attributes == {
        "Modality": ("US",),
        "ImageType": ("ORIGINAL", "PRIMARY"),
        "Rows": ("96",),
        "TransferSyntaxUID": ("1.2.840.10008.1.2.1",),
    }


def test_a_path_collects_the_values_of_all_items() -> None:
    codes = [items(CodeMeaning="Ultrasound"), items(CodeMeaning="Breast"), items(CodeValue="1")]
    ds = ultrasound(ProcedureCodeSequence=codes)

    found = instance_header(ds, ["ProcedureCodeSequence.CodeMeaning", "Modality.CodeMeaning"])

    assert found.attributes == {"ProcedureCodeSequence.CodeMeaning": ("Ultrasound", "Breast")}


def test_values_that_are_no_values_are_left_out() -> None:
    ds = read_header(packaged("badVR.dcm"))

    found = instance_header(ds, ["NumberOfFrames", "PixelSpacing", "DoseGridScaling", "NoSuchKeyword"])

    assert "NoSuchKeyword" not in found.attributes
    assert all(isinstance(value, str) for values in found.attributes.values() for value in values)


def test_bytes_are_never_given_as_text() -> None:
    ds = ultrasound()
    ds.add_new(0x00281201, "OW", b"\x00\x01")

    assert instance_header(ds, ["PixelData", "RedPaletteColorLookupTableData"]).attributes == {}


def test_reading_does_not_change_the_bytes() -> None:
    data = part10(ultrasound())
    before = BytesIO(data).getvalue()

    read_header(data)

    assert data == before


class _Watched(BytesIO):
    """Knows how far it was read."""

    furthest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.furthest = max(self.furthest, self.tell())
        return data


def test_of_an_open_file_the_pixels_are_not_read() -> None:
    data = part10(ultrasound(PixelData=bytes(10_000_000)))
    file = _Watched(data)
    assert read_header(file).Modality == "US"
    assert file.furthest < len(data) - 9_000_000


def test_a_disk_that_fails_is_not_taken_for_a_damaged_file() -> None:
    class Failing(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(StoreUnavailable, match="check the store"):
        read_header(Failing())
