import re
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UltrasoundImageStorage, UltrasoundMultiFrameImageStorage

from service.report.source import local_time, pixel_spacing_mm, referenced_requests
from tests.unit.report.builders import (
    FINISHED_AT,
    IMAGE_UID,
    RETIRED_ULTRASOUND,
    RETIRED_ULTRASOUND_MULTI_FRAME,
    as_received,
    header,
    objects_for,
    objects_of,
    part_10,
    result,
    score_of,
)

TYPE_2 = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
)
NAMES = {
    "latin 1": ("ISO_IR 100", "Müller^Ânna"),
    "japanese": (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    "chinese": ("GB18030", "Zhang^Xiaoming=张^小明="),
    "korean": (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
    "utf-8": ("ISO_IR 192", "Yamada^Hanako=山田^花子=やまだ^はなこ"),
}


def name_bytes(part_10_file: bytes) -> bytes:
    """The value of Patient Name (0010,0010) as it lies in an explicit VR file."""
    found = re.search(rb"\x10\x00\x10\x00PN(..)", part_10_file, re.DOTALL)
    assert found is not None
    return part_10_file[found.end() : found.end() + int.from_bytes(found[1], "little")]


@pytest.mark.parametrize("charset, name", NAMES.values(), ids=NAMES)
def test_patient_name_keeps_its_bytes_in_every_object(charset: str | list[str], name: str) -> None:
    source = header(SpecificCharacterSet=charset, PatientName=name, StudyDescription="BREAST")
    received = as_received(source)

    objects = objects_of(result(score_of(received)), received)

    assert {name_bytes(built.data) for built in objects} == {name_bytes(part_10(source))}


@pytest.mark.parametrize("charset, name", NAMES.values(), ids=NAMES)
def test_character_set_and_names_read_back_as_the_source_has_them(
    charset: str | list[str], name: str
) -> None:
    source = as_received(header(SpecificCharacterSet=charset, PatientName=name))

    for built in objects_for(source):
        assert built.SpecificCharacterSet == source.SpecificCharacterSet
        assert str(built.PatientName) == str(source.PatientName)


@pytest.mark.parametrize("keyword", TYPE_2)
def test_missing_type_2_attribute_becomes_empty_and_is_not_invented(keyword: str) -> None:
    source = as_received(header(UltrasoundImageStorage, IMAGE_UID, **{keyword: None}))

    for built in objects_for(source):
        assert keyword in built
        assert not built.get(keyword)


@pytest.mark.parametrize(
    "keyword, value",
    [
        ("PatientSex", "U"),
        ("PatientBirthDate", "31.1.1970"),
        ("StudyTime", "noon"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom warns when the source is built
def test_illegal_value_is_emptied(keyword: str, value: str) -> None:
    source = as_received(header(**{keyword: value}))

    for built in objects_for(source):
        assert not built.get(keyword)


@pytest.mark.parametrize(
    "sop_class_uid",
    [
        UltrasoundImageStorage,
        UltrasoundMultiFrameImageStorage,
        RETIRED_ULTRASOUND,
        RETIRED_ULTRASOUND_MULTI_FRAME,
    ],
)
def test_source_is_referenced_by_its_own_sop_class_retired_or_not(sop_class_uid: str) -> None:
    heatmap, sr = objects_for(as_received(header(sop_class_uid)))

    evidence = sr.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    cited = {item.ReferencedSOPClassUID for series in evidence for item in series.ReferencedSOPSequence}
    assert sop_class_uid in cited
    assert heatmap.SourceImageSequence[0].ReferencedSOPClassUID == sop_class_uid


def test_private_overlay_and_pixel_elements_of_the_source_stay_behind() -> None:
    source = header(PixelData=b"\0\0", OtherPatientIDsSequence=[Dataset()])
    source["PixelData"].VR = "OW"
    source.OtherPatientIDsSequence[0].PatientID = "P-8"
    source.OtherPatientIDsSequence[0].private_block(0x0011, "PROBE", create=True).add_new(1, "LO", "secret")
    source.private_block(0x0009, "PROBE", create=True).add_new(1, "LO", "secret")
    source.add_new(0x60003000, "OW", b"\xff\xff")

    heatmap, sr = objects_for(as_received(source))

    assert not [element for built in (heatmap, sr) for element in built.iterall() if element.tag.is_private]
    assert [0x60003000 in heatmap, 0x60003000 in sr, "PixelData" in sr] == [False, False, False]
    assert sr.OtherPatientIDsSequence[0].PatientID == "P-8"


def test_time_is_converted_to_the_offset_of_the_source() -> None:
    assert local_time(FINISHED_AT, header(TimezoneOffsetFromUTC="+0200")) == datetime(2026, 3, 5, 0, 30, 15)
    assert local_time(FINISHED_AT, header(TimezoneOffsetFromUTC="-0330")) == datetime(2026, 3, 4, 19, 0, 15)


def test_time_stays_as_given_when_the_source_has_no_offset() -> None:
    given = FINISHED_AT.astimezone(timezone(timedelta(hours=1)))

    assert local_time(given, header()) == datetime(2026, 3, 4, 23, 30, 15)


def test_offset_of_the_source_holds_for_the_objects_and_their_times() -> None:
    for built in objects_for(as_received(header(TimezoneOffsetFromUTC="+0200"))):
        assert built.TimezoneOffsetFromUTC == "+0200"
        assert (built.ContentDate, built.ContentTime) == ("20260305", "003015")


def region(delta_cm: float, **changes: int) -> Dataset:
    ds = Dataset()
    ds.RegionSpatialFormat = 1
    ds.PhysicalUnitsXDirection = ds.PhysicalUnitsYDirection = 3
    ds.PhysicalDeltaX = ds.PhysicalDeltaY = delta_cm
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    return ds


def test_pixel_spacing_comes_from_the_ultrasound_region_in_mm() -> None:
    source = header(SequenceOfUltrasoundRegions=[region(0.0085), region(0.5, RegionSpatialFormat=3)])

    assert pixel_spacing_mm(source) == pytest.approx((0.085, 0.085))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"ImagerPixelSpacing": [0.07, 0.07]},
        {"SequenceOfUltrasoundRegions": [region(0.0085), region(0.0120)]},
        {"SequenceOfUltrasoundRegions": [region(0.0)]},
        {"SequenceOfUltrasoundRegions": [region(0.0085, PhysicalUnitsXDirection=4)]},
    ],
)
def test_pixel_spacing_is_unknown_rather_than_guessed(changes: dict[str, Any]) -> None:
    assert pixel_spacing_mm(header(**changes)) is None


def test_referenced_request_names_the_order_of_the_source() -> None:
    request = Dataset()
    request.RequestedProcedureID = "RP-3"

    items = referenced_requests(header(RequestAttributesSequence=[request]))

    assert [(item.AccessionNumber, item.RequestedProcedureID) for item in items] == [("A-9", "RP-3")]


def test_referenced_request_is_left_out_when_the_source_names_no_order() -> None:
    assert referenced_requests(header(AccessionNumber="")) == []
