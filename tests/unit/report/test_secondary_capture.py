import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UltrasoundMultiFrameImageStorage

from service.config import ReportSettings
from service.report.images.heatmap import render_heatmap
from service.report.images.legend import legend_for
from tests.unit.report.builders import IMAGE_UID, OUTLINE, header, objects_for, pixels, result, score


def test_heatmap_holds_the_rendered_pixels() -> None:
    heatmap, _ = objects_for(header())

    found = result(score())
    expected = render_heatmap(
        pixels().rgb, pixels().heatmap, OUTLINE, legend_for(score(), found.classifier, ReportSettings())
    )
    assert np.array_equal(heatmap.pixel_array, expected)
    assert heatmap.PhotometricInterpretation == "RGB"


def test_heatmap_of_a_monochrome_source_is_rgb_too() -> None:
    heatmap, _ = objects_for(header(PhotometricInterpretation="MONOCHROME2"))

    assert (heatmap.PhotometricInterpretation, heatmap.SamplesPerPixel) == ("RGB", 3)


def test_heatmap_says_what_it_is_and_that_text_is_burned_in() -> None:
    heatmap, _ = objects_for(header())

    assert list(heatmap.ImageType) == ["DERIVED", "SECONDARY", "OTHER", "AI_HEATMAP"]
    assert (heatmap.ConversionType, heatmap.BurnedInAnnotation) == ("WSD", "YES")
    assert heatmap.ContentQualification == "RESEARCH"
    assert heatmap.DerivationCodeSequence[0].CodeMeaning == "Gradient-weighted class activation"


def test_heatmap_references_its_source_image() -> None:
    heatmap, _ = objects_for(header())

    source = heatmap.SourceImageSequence[0]
    assert source.ReferencedSOPInstanceUID == IMAGE_UID
    assert "ReferencedFrameNumber" not in source
    assert (
        heatmap.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0].ReferencedSOPInstanceUID
        == IMAGE_UID
    )


def test_heatmap_of_a_cine_is_one_frame_and_names_the_scored_one() -> None:
    heatmap, _ = objects_for(header(UltrasoundMultiFrameImageStorage))

    assert "NumberOfFrames" not in heatmap
    assert heatmap.SourceImageSequence[0].ReferencedFrameNumber == 3


@pytest.mark.parametrize("laterality", ["L", "R"])
def test_heatmap_has_the_side_of_its_image(laterality: str) -> None:
    heatmap, _ = objects_for(header(), laterality=laterality)

    assert heatmap.ImageLaterality == laterality
    assert "Laterality" not in heatmap


def test_heatmap_leaves_side_and_orientation_empty_when_the_source_does_not_say() -> None:
    heatmap, _ = objects_for(header(), laterality="")

    assert "Laterality" in heatmap and not heatmap.Laterality
    assert "PatientOrientation" in heatmap and not heatmap.PatientOrientation


def test_heatmap_of_a_lossy_source_stays_lossy() -> None:
    lossy = header(
        LossyImageCompression="01", LossyImageCompressionRatio=12.5, LossyImageCompressionMethod="ISO_10918_1"
    )

    heatmap, _ = objects_for(lossy)

    assert (heatmap.LossyImageCompression, float(heatmap.LossyImageCompressionRatio)) == ("01", 12.5)
    assert objects_for(header())[0].LossyImageCompression == "00"


def test_heatmap_belongs_to_the_order_of_its_source() -> None:
    request = Dataset()
    request.RequestedProcedureID = "RP-3"

    heatmap, _ = objects_for(header(RequestAttributesSequence=[request]))

    assert heatmap.RequestAttributesSequence[0].RequestedProcedureID == "RP-3"


def test_heatmap_carries_every_time_from_the_result() -> None:
    heatmap, _ = objects_for(header())

    times = {
        heatmap.InstanceCreationTime,
        heatmap.ContentTime,
        heatmap.TimeOfSecondaryCapture,
    }
    assert times == {"223015"}
    assert heatmap.ContributingEquipmentSequence[0].ContributionDateTime == "20260304223015"
