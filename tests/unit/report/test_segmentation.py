"""The outlined region as a segmentation: of single images, of a frame of many, in the patient where known."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from highdicom.seg import Segmentation, segread
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import UltrasoundMultiFrameImageStorage

from service.config import ReportSettings
from service.report.gate import faults_of
from service.report.objects import ReportObject
from tests.servers.dcmtk import Dciodvfy
from tests.unit.report.builders import (
    COLUMNS,
    OUTLINE,
    RETIRED_ULTRASOUND_MULTI_FRAME,
    ROWS,
    as_received,
    header,
    objects_of,
    read,
    result,
    score_of,
)
from tests.unit.report.slices import FRAME_OF_REFERENCE_UID, ct_slice, tomosynthesis

INSIDE = (int(OUTLINE[2][0] - OUTLINE[0][0]) + 1) * (int(OUTLINE[2][1] - OUTLINE[0][1]) + 1)
MANY_FRAMES = {
    "cine": header(UltrasoundMultiFrameImageStorage),
    "gray cine": header(UltrasoundMultiFrameImageStorage, PhotometricInterpretation="MONOCHROME2"),
    "retired cine": header(RETIRED_ULTRASOUND_MULTI_FRAME),
    "tomosynthesis": tomosynthesis(),
}


def segmented(source: Dataset, frame_number: int | None = None) -> tuple[Dataset, ReportObject]:
    received = as_received(source)
    found = result(score_of(received, frame_number=frame_number))
    objects = objects_of(found, received, kinds=("sr", "heatmap", "segmentation"))
    return received, next(one for one in objects if one.kind == "segmentation")


def back(built: ReportObject) -> Segmentation:
    """Read by highdicom from its bytes."""
    return segread(BytesIO(built.data))


def is_inside(mask: NDArray[np.uint8]) -> bool:
    rows, columns = np.nonzero(mask)
    corners = columns.min(), rows.min(), columns.max(), rows.max()
    return corners == (*OUTLINE[0], *OUTLINE[2]) and int(mask.sum()) == INSIDE


def says_that_a_retired_class_has_no_frames(error: str, source: Dataset) -> bool:
    """dciodvfy knows no retired class, and takes it for one of single frames."""
    is_retired = source.SOPClassUID == RETIRED_ULTRASOUND_MULTI_FRAME
    return is_retired and error.endswith(
        "Shall not be present for Referenced SOP Class that is not multi-frame"
    )


def test_it_is_the_inside_of_the_outline() -> None:
    source, built = segmented(header())
    (mask,) = back(built).get_pixels_by_source_instance([source.SOPInstanceUID], combine_segments=True)
    assert (mask.shape, is_inside(mask)) == ((ROWS, COLUMNS), True)


@pytest.mark.parametrize("name", MANY_FRAMES)
def test_a_reader_finds_the_frame_that_was_segmented(name: str) -> None:
    source, built = segmented(MANY_FRAMES[name], frame_number=3)

    masks = back(built).get_pixels_by_source_frame(
        source.SOPInstanceUID, [2, 3], combine_segments=True, assert_missing_frames_are_empty=True
    )

    assert (masks[0].any(), is_inside(masks[1])) == (False, True)


@pytest.mark.parametrize("name", MANY_FRAMES)
def test_only_sources_of_pixels_name_the_frame_and_all_name_the_class(name: str) -> None:
    source, built = segmented(MANY_FRAMES[name], frame_number=3)
    ds = read(built)
    (whole,) = ds.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    (image,) = ds.SourceImageSequence
    (frame,) = ds.PerFrameFunctionalGroupsSequence
    (derived_from,) = frame.DerivationImageSequence[0].SourceImageSequence

    assert {one.ReferencedSOPClassUID for one in (whole, image, derived_from)} == {source.SOPClassUID}
    assert [one.get("ReferencedFrameNumber") for one in (whole, image, derived_from)] == [None, 3, 3]


@pytest.mark.parametrize(
    ("source", "frame_number", "height_mm"), [(ct_slice(4), None, 20), (tomosynthesis(), 3, 2)]
)
def test_where_the_patient_s_coordinates_are_known_it_has_them(
    source: Dataset, frame_number: int | None, height_mm: float
) -> None:
    _, built = segmented(source, frame_number)
    ds = read(built)
    (frame,) = ds.PerFrameFunctionalGroupsSequence
    (shared,) = ds.SharedFunctionalGroupsSequence
    assert ds.FrameOfReferenceUID == FRAME_OF_REFERENCE_UID
    assert frame.PlanePositionSequence[0].ImagePositionPatient == [-64, -48, height_mm]
    assert shared.PixelMeasuresSequence[0].PixelSpacing == [0.8, 0.8]


@pytest.mark.parametrize("source", [ct_slice(1), ct_slice(1, SliceThickness=None), *MANY_FRAMES.values()])
def test_validator_and_gate_find_nothing(source: Dataset, tmp_path: Path, dciodvfy: Dciodvfy) -> None:
    received, built = segmented(source, 3 if "NumberOfFrames" in source else None)
    path = tmp_path / "segmentation.dcm"
    path.write_bytes(built.data)
    found = [one for one in dciodvfy.errors(path) if not says_that_a_retired_class_has_no_frames(one, source)]
    assert found == []
    assert faults_of(built, received, {received.SOPInstanceUID}, ReportSettings()) == []
    assert segmented(source, 3 if "NumberOfFrames" in source else None)[1] == built
