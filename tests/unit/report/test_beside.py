"""What goes beside SR and heatmaps, for destinations whose profile asks for it."""

from pathlib import Path
from typing import get_args

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UltrasoundMultiFrameImageStorage

from service.config import ReportSettings
from service.config.profiles import DicomKind
from service.report.gate import faults_of
from service.report.images.scored_pixels import PixelsByImage
from service.report.objects import ReportObject, build_objects
from service.report.source import reference
from service.study.result import FrameScore, ImageScore
from tests.servers.dcmtk import Dciodvfy
from tests.servers.pixelmed import PixelMed
from tests.unit.report.builders import (
    COLUMNS,
    OTHER_IMAGE_UID,
    RETIRED_ULTRASOUND,
    ROWS,
    STUDY_UID,
    as_received,
    header,
    items,
    mammogram,
    objects_of,
    pixels,
    read,
    result,
    score_of,
)
from tests.unit.report.slices import ct_slice

ALL: tuple[DicomKind, ...] = get_args(DicomKind)
GRAY = {"PhotometricInterpretation": "MONOCHROME2"}
PALETTE = {"PhotometricInterpretation": "PALETTE COLOR"}
SOURCES = {
    "colour ultrasound": [header(), header(uid=OTHER_IMAGE_UID)],
    "gray ultrasound": [header(**GRAY)],
    "palette ultrasound": [header(**PALETTE)],
    "cine": [header(UltrasoundMultiFrameImageStorage)],
    "gray cine": [header(UltrasoundMultiFrameImageStorage, **GRAY)],
    "retired class": [header(RETIRED_ULTRASOUND)],
    "mammograms": [mammogram(), mammogram(OTHER_IMAGE_UID, ImageLaterality="R")],
    "CT": [ct_slice(1), ct_slice(2)],
    "nothing known of the patient": [
        header(PatientName=None, PatientID=None, PatientSex="U", StudyID=None, AccessionNumber=None)
    ],
    "Japanese name": [
        header(SpecificCharacterSet=["", "ISO 2022 IR 87"], PatientName="Yamada^Tarou=山田^太郎")
    ],
    "Korean name": [header(SpecificCharacterSet=["", "ISO 2022 IR 149"], PatientName="Hong^Gildong=洪^吉洞")],
    "Chinese name": [header(SpecificCharacterSet="GB18030", PatientName="Zhang^X=张^小明")],
}


def written(sources: list[Dataset], positive: bool = True) -> tuple[ReportObject, ...]:
    received = [as_received(source) for source in sources]
    return objects_of(result(*(score_of(one, positive=positive) for one in received)), *received, kinds=ALL)


def only(kind: str, *sources: Dataset) -> Dataset:
    (found,) = (one for one in written(list(sources)) if one.kind == kind)
    return read(found)


@pytest.mark.parametrize("name", SOURCES)
def test_dciodvfy_finds_no_error_in_any_object(name: str, tmp_path: Path, dciodvfy: Dciodvfy) -> None:
    for built in written(SOURCES[name]):
        path = tmp_path / f"{built.kind}.dcm"
        path.write_bytes(built.data)
        assert dciodvfy.errors(path) == []


@pytest.mark.parametrize(
    ("name", "positive", "kind"),
    [
        ("colour ultrasound", True, "sr"),
        ("mammograms", True, "sr"),
        ("mammograms", True, "cad-sr"),
        ("mammograms", False, "cad-sr"),
        ("mammograms", True, "key-objects"),
    ],
)
def test_pixelmed_finds_no_error_in_the_reports(
    name: str, positive: bool, kind: str, tmp_path: Path, pixelmed: PixelMed
) -> None:
    (report,) = (one for one in written(SOURCES[name], positive) if one.kind == kind)
    path = tmp_path / "report.dcm"
    path.write_bytes(report.data)
    assert pixelmed.errors(path) == []


@pytest.mark.parametrize("name", SOURCES)
def test_everything_passes_the_gate(name: str) -> None:
    objects, source = written(SOURCES[name]), as_received(SOURCES[name][0])
    known = {one.sop_instance_uid for one in objects} | {one.SOPInstanceUID for one in SOURCES[name]}
    for built in objects:
        assert faults_of(built, source, known, ReportSettings()) == []


@pytest.mark.parametrize("name", SOURCES)
def test_rebuilding_gives_the_same_bytes(name: str) -> None:
    assert written(SOURCES[name]) == written(SOURCES[name])


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("colour ultrasound", {"sr", "heatmap", "presentation", "segmentation", "key-objects", "pdf"}),
        ("cine", {"sr", "heatmap", "presentation", "segmentation", "key-objects", "pdf"}),
        ("mammograms", set(ALL) - {"cine-heatmap", "parametric-map", "rejection", "assessment"}),
        ("CT", set(ALL) - {"cine-heatmap", "cad-sr", "rejection", "assessment"}),
    ],
)
def test_what_does_not_fit_a_study_is_left_out(name: str, kinds: set[str]) -> None:
    assert {one.kind for one in written(SOURCES[name])} == kinds


def test_object_says_what_its_bytes_hold() -> None:
    for built in written(SOURCES["mammograms"]):
        ds = read(built)
        assert (ds.SOPClassUID, ds.SOPInstanceUID) == (built.sop_class_uid, built.sop_instance_uid)
        assert (ds.SeriesInstanceUID, ds.InstanceNumber) == (built.series_instance_uid, built.instance_number)
        assert ds.ContentQualification == "RESEARCH"
        assert ds.ContributingEquipmentSequence[0].PurposeOfReferenceCodeSequence[0].CodeValue == "109102"


def test_presentation_state_draws_the_outline_and_says_what_it_is() -> None:
    state = only("presentation", header())
    (annotation,) = state.GraphicAnnotationSequence
    (graphic,) = annotation.GraphicObjectSequence
    assert graphic.GraphicData[:4] == [40.0, 30.0, 80.0, 30.0]
    (words,) = annotation.TextObjectSequence
    assert words.UnformattedTextValue.startswith("RESEARCH USE ")
    assert words.UnformattedTextValue.endswith("probability of cancer 87.3 %")


def test_a_cleared_product_s_presentation_state_has_no_warning() -> None:
    source = as_received(header())
    cleared = ReportSettings(content_qualification="PRODUCT")
    objects = objects_of(result(score_of(source)), source, settings=cleared, kinds=ALL)
    state = next(read(one) for one in objects if one.kind == "presentation")
    assert "RESEARCH" not in state.GraphicAnnotationSequence[0].TextObjectSequence[0].UnformattedTextValue


def test_a_retired_class_is_named_as_it_is() -> None:
    state = only("presentation", header(RETIRED_ULTRASOUND))
    assert (
        state.ReferencedSeriesSequence[0].ReferencedImageSequence[0].ReferencedSOPClassUID
        == RETIRED_ULTRASOUND
    )


def test_key_objects_are_the_suspicious_images_with_their_heatmaps() -> None:
    sources = [as_received(header()), as_received(header(uid=OTHER_IMAGE_UID))]
    found = result(score_of(sources[0]), score_of(sources[1], positive=False))
    objects = objects_of(found, *sources, kinds=ALL)
    keys = next(read(one) for one in objects if one.kind == "key-objects")
    named = [
        item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
        for item in keys.ContentSequence
        if item.ValueType == "IMAGE"
    ]
    assert named == [objects[0].sop_instance_uid, sources[0].SOPInstanceUID]


def test_without_a_suspicious_image_there_are_no_key_objects() -> None:
    assert "key-objects" not in {one.kind for one in written([header()], positive=False)}


def test_cad_report_marks_each_suspicious_mammogram() -> None:
    report = only("cad-sr", mammogram(), mammogram(OTHER_IMAGE_UID, ImageLaterality="R"))
    (summary,) = items(report, "111017")
    assert summary.ConceptCodeSequence[0].CodeMeaning == "All algorithms succeeded; with findings"
    assert [item.MeasuredValueSequence[0].NumericValue for item in items(report, "111047")] == [87.3, 87.3]
    places = [item.ContentSequence[0].ReferencedContentItemIdentifier for item in items(report, "111041")]
    assert places == [[1, 2, 1], [1, 2, 2]]


def test_cad_report_of_a_study_without_findings_says_so() -> None:
    report = next(read(one) for one in written([mammogram()], positive=False) if one.kind == "cad-sr")
    (summary,) = items(report, "111017")
    assert summary.ConceptCodeSequence[0].CodeMeaning == "All algorithms succeeded; without findings"
    assert items(report, "111059") == []


@pytest.mark.parametrize("missing", ["ViewCodeSequence", "ImageLaterality"])
def test_a_mammogram_without_view_or_side_gets_no_cad_report(missing: str) -> None:
    source = mammogram()
    del source[missing]
    assert "cad-sr" not in {one.kind for one in written([source])}


def test_what_is_replaced_is_noted_and_what_stays_is_not(
    dciodvfy: Dciodvfy, pixelmed: PixelMed, tmp_path: Path
) -> None:
    sources = [as_received(header()), as_received(header(uid=OTHER_IMAGE_UID))]
    before = objects_of(result(score_of(sources[0])), sources[0], kinds=ALL)
    replaced = [
        reference(STUDY_UID, one.series_instance_uid, one.sop_class_uid, one.sop_instance_uid)
        for one in before
    ]
    now = objects_of(result(*(score_of(one) for one in sources)), *sources, kinds=ALL, replaced=replaced)
    (note,) = (one for one in now if one.kind == "rejection")
    named = {
        item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID: item.ValueType
        for item in read(note).ContentSequence
        if "ReferencedSOPSequence" in item
    }
    gone = {one.sop_instance_uid: one.kind for one in before}
    for one in now:
        gone.pop(one.sop_instance_uid, None)
    assert sorted(gone.values()) == ["key-objects", "pdf", "sr"]  # the first image's own objects are the same
    assert named == dict.fromkeys(gone, "COMPOSITE")
    assert read(note).ConceptNameCodeSequence[0].CodeMeaning == "Rejected for Quality Reasons"
    path = tmp_path / "note.dcm"
    path.write_bytes(note.data)
    assert dciodvfy.errors(path) == []
    assert pixelmed.errors(path) == []


def test_a_first_result_has_no_note() -> None:
    assert "rejection" not in {one.kind for one in written([header()])}


def test_pdf_holds_the_result_in_words_and_the_pictures() -> None:
    pdf = only("pdf", header())
    document = pdf.EncapsulatedDocument[: pdf.EncapsulatedDocumentLength]
    assert document.startswith(b"%PDF-")
    assert document.count(b"/FontFile2") == 2  # what it is written in comes with it
    assert document.rstrip().endswith(b"%%EOF")
    assert document.count(b"/Subtype /Image") >= 1
    assert (pdf.MIMETypeOfEncapsulatedDocument, pdf.VerificationFlag) == ("application/pdf", "UNVERIFIED")
    assert b"Doe" not in document


def cine() -> tuple[Dataset, ImageScore]:
    """A cine of 40 frames, of which four were read and three have a heatmap: the second of them counts."""
    source = as_received(header(UltrasoundMultiFrameImageStorage, FrameTime="40"))
    frames = tuple(
        FrameScore(number, probability, key)
        for number, probability, key in ((1, 0.1, "a"), (3, 0.873, "b"), (4, 0.05, ""), (5, 0.2, "c"))
    )
    return source, score_of(source, frames=frames)


def of_cine() -> tuple[Dataset, tuple[ReportObject, ...]]:
    source, score = cine()
    shown: PixelsByImage = {(str(source.SOPInstanceUID), number): pixels() for number in (1, 3, 5)}
    headers = {source.SOPInstanceUID: source}
    return source, build_objects(result(score), headers, shown, ReportSettings(), None, ALL)


def cine_heatmap() -> Dataset:
    return next(read(one) for one in of_cine()[1] if one.kind == "cine-heatmap")


def test_a_cine_s_heatmaps_are_one_object_that_plays_as_long_as_the_cine(
    tmp_path: Path, dciodvfy: Dciodvfy
) -> None:
    ds = cine_heatmap()
    assert (ds.NumberOfFrames, ds.Rows, ds.Columns) == (3, ROWS, COLUMNS)
    assert ds.FrameTime == 80.0  # every second frame of 40 ms
    assert ds.SourceImageSequence[0].ReferencedFrameNumber == [1, 3, 5]
    path = tmp_path / "cine.dcm"
    ds.save_as(path)
    assert dciodvfy.errors(path) == []


def test_each_frame_of_a_cine_says_its_own_probability() -> None:
    frames = cine_heatmap().pixel_array
    legends = [frame[-ROWS // 3 :].tobytes() for frame in frames]
    assert len(set(legends)) == 3


def test_a_cine_s_heatmap_passes_the_gate() -> None:
    source, objects = of_cine()
    known = {one.sop_instance_uid for one in objects} | {source.SOPInstanceUID}
    for built in objects:
        assert faults_of(built, source, known, ReportSettings()) == []
