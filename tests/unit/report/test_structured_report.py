import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UltrasoundMultiFrameImageStorage

from service.errors import Permanent
from service.report.objects import PredecessorReference
from service.study.result import ImageRefusal, Lesion
from tests.unit.report.builders import (
    IMAGE_UID,
    OTHER_IMAGE_UID,
    STUDY_UID,
    header,
    items,
    objects_for,
    objects_of,
    read,
    result,
    score,
)

PROBABILITY, CATEGORY, FINDING, SITE, REGION = "111047", "111005", "121071", "363698007", "111030"
GROUP, COMMENT, EXPLANATION, TRACKING_UID = "125007", "121106", "130401", "112040"


def reference_of(item: Dataset) -> Dataset:
    return item.ReferencedSOPSequence[0]


def test_sr_is_a_preliminary_unverified_measurement_report() -> None:
    _, sr = objects_for(header())

    assert sr.ContentTemplateSequence[0].TemplateIdentifier == "1500"
    assert (sr.CompletionFlag, sr.VerificationFlag, sr.PreliminaryFlag) == (
        "COMPLETE",
        "UNVERIFIED",
        "PRELIMINARY",
    )
    assert sr.ContentQualification == "RESEARCH"
    assert sr.PerformedProcedureCodeSequence[0].CodeMeaning == "Ultrasonography of breast"
    assert sr.ReferencedRequestSequence[0].AccessionNumber == "A-9"


def test_sr_gives_probability_category_and_site_of_an_image() -> None:
    _, sr = objects_for(header())
    group = items(sr, GROUP)[0]

    number = items(group, PROBABILITY)[0].MeasuredValueSequence[0]
    assert (float(number.NumericValue), number.MeasurementUnitsCodeSequence[0].CodeValue) == (87.3, "%")
    assert items(group, CATEGORY)[0].ConceptCodeSequence[0].CodeValue == "MA.II.A.5.4B"
    site = items(group, SITE)[0]
    assert site.ConceptCodeSequence[0].CodeMeaning == "Breast"
    assert site.ContentSequence[0].ConceptCodeSequence[0].CodeMeaning == "Left"


def test_sr_draws_the_outline_as_a_closed_polygon_on_the_source() -> None:
    _, sr = objects_for(header())
    region = items(sr, REGION)[0]

    assert region.GraphicType == "POLYLINE"
    assert list(region.GraphicData) == [40, 30, 80, 30, 80, 60, 40, 60, 40, 30]
    assert reference_of(region.ContentSequence[0]).ReferencedSOPInstanceUID == IMAGE_UID


def test_sr_draws_the_analysed_region_when_there_is_no_outline() -> None:
    _, sr = objects_for(header(), outline=())

    assert list(items(sr, REGION)[0].GraphicData) == [10, 5, 150, 5, 150, 115, 10, 115, 10, 5]
    assert items(sr, FINDING)[0].ConceptCodeSequence[0].CodeValue == "111099"


def test_sr_draws_a_lesion_that_was_found_and_gives_its_diameters() -> None:
    lesion = Lesion(((50.0, 40.0), (70.0, 40.0), (60.0, 55.0), (50.0, 40.0)), 12.34, 7.0)
    _, sr = objects_for(header(), finds_lesions=True, lesion=lesion)
    group = items(sr, GROUP)[0]

    assert list(items(sr, REGION)[0].GraphicData) == [50, 40, 70, 40, 60, 55, 50, 40]
    assert items(sr, FINDING)[0].ConceptCodeSequence[0].CodeMeaning == "Lesion"
    for code, length in (("103339001", 12.3), ("103340004", 7.0)):
        measured = items(group, code)[0].MeasuredValueSequence[0]
        assert float(measured.NumericValue) == length
        assert measured.MeasurementUnitsCodeSequence[0].CodeValue == "mm"


def test_sr_gives_no_diameters_where_the_size_of_pixels_is_not_known() -> None:
    lesion = Lesion(((50.0, 40.0), (70.0, 40.0), (60.0, 55.0), (50.0, 40.0)), None, None)
    _, sr = objects_for(header(), finds_lesions=True, lesion=lesion)

    assert items(sr, "103339001") == []
    assert items(sr, FINDING)[0].ConceptCodeSequence[0].CodeMeaning == "Lesion"


def test_sr_says_where_no_lesion_was_found() -> None:
    _, sr = objects_for(header(), finds_lesions=True)

    comments = [item.TextValue for item in items(sr, "121106")]
    assert f"No lesion was found in image {IMAGE_UID}; its score rests on the whole image." in comments
    assert items(sr, FINDING)[0].ConceptCodeSequence[0].CodeValue == "111099"


def test_sr_names_the_frame_of_a_multi_frame_source() -> None:
    _, sr = objects_for(header(UltrasoundMultiFrameImageStorage))

    region, measured = items(sr, REGION)[0], items(sr, PROBABILITY)[0]
    assert reference_of(region.ContentSequence[0]).ReferencedFrameNumber == 3
    assert reference_of(measured.ContentSequence[0]).ReferencedFrameNumber == 3


def test_sr_links_the_heatmap_and_lists_it_as_evidence() -> None:
    heatmap, sr = objects_for(header())

    evidence = sr.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    cited = {item.ReferencedSOPInstanceUID for series in evidence for item in series.ReferencedSOPSequence}
    assert reference_of(items(sr, EXPLANATION)[0]).ReferencedSOPInstanceUID == heatmap.SOPInstanceUID
    assert cited == {heatmap.SOPInstanceUID, IMAGE_UID}


def test_sr_gives_the_highest_probability_of_each_breast() -> None:
    other = {"sop_instance_uid": OTHER_IMAGE_UID}
    found = result(score(probability=0.4), score(**other), score(**other, frame_number=2, laterality="R"))

    sr = read(objects_of(found, header(), header(uid=OTHER_IMAGE_UID))[-1])
    breasts = items(sr, GROUP)[3:]

    assert [items(group, "112039")[0].TextValue for group in breasts] == ["Left breast", "Right breast"]
    left = items(breasts[0], PROBABILITY)[0]
    assert float(left.MeasuredValueSequence[0].NumericValue) == 87.3
    source = next(item for item in left.ContentSequence if item.ValueType == "IMAGE")
    assert reference_of(source).ReferencedSOPInstanceUID == OTHER_IMAGE_UID


def test_sr_gives_no_maximum_of_a_single_image() -> None:
    _, sr = objects_for(header())

    assert len(items(sr, GROUP)) == 1


def test_sr_tells_why_images_were_not_analysed() -> None:
    found = result(score(), refusals=(ImageRefusal("1.2.3", "colour Doppler – the classifier reads B-mode"),))

    sr = read(objects_of(found, header())[-1])

    summary, refusal = (item.TextValue for item in items(sr, COMMENT))
    assert summary.startswith("Highest probability of cancer in this study: 87.3 %. 1 of 1 analysed images")
    assert refusal == "Not analysed: colour Doppler - the classifier reads B-mode (image 1.2.3)"


def test_sr_has_no_category_when_the_classifier_suggests_none() -> None:
    _, sr = objects_for(header(), category="")

    assert items(sr, CATEGORY) == []


def test_sr_refuses_a_category_that_only_a_pathologist_can_give() -> None:
    with pytest.raises(Permanent, match="'6' is no assessment category"):
        objects_for(header(), category="6")


def test_sr_names_its_predecessor() -> None:
    before = PredecessorReference(STUDY_UID, "1.2.3.9", "1.2.840.10008.5.1.4.1.1.88.34", "1.2.3.10")

    sr = read(objects_of(result(score()), header(), predecessor=before)[-1])

    series = sr.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0]
    assert series.SeriesInstanceUID == "1.2.3.9"
    assert series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == "1.2.3.10"


def test_sr_has_every_container_separate() -> None:
    _, sr = objects_for(header())

    containers = [sr, *(item for name in (GROUP, "126010", "111028") for item in items(sr, name))]
    assert {container.ContinuityOfContent for container in containers} == {"SEPARATE"}


def test_sr_observer_and_equipment_are_a_device() -> None:
    _, sr = objects_for(header())

    assert items(sr, "121005")[0].ConceptCodeSequence[0].CodeMeaning == "Device"
    assert [
        item.PurposeOfReferenceCodeSequence[0].CodeValue for item in sr.ContributingEquipmentSequence
    ] == ["109102"]
    assert "VerifyingObserverSequence" not in sr


def test_sr_identifies_the_algorithm_with_version_and_weights() -> None:
    _, sr = objects_for(header())

    assert items(sr, "111001")[0].TextValue == "Breast ultrasound malignancy"
    assert items(sr, "111003")[0].TextValue == "1.2.0"
    assert [item.TextValue for item in items(items(sr, GROUP)[0], "111002")] == [
        "operating point 31.0 %",
        f"weights SHA-256 {'ab' * 32}",
    ]
