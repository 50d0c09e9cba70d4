import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from service.cli.demo.phantom import phantom_study


@pytest.fixture(scope="module")
def study() -> list[Dataset]:
    return phantom_study(seed=7)


def _region_pixels(ds: Dataset) -> NDArray[np.uint8]:
    region = ds.SequenceOfUltrasoundRegions[0]
    rows = slice(region.RegionLocationMinY0, region.RegionLocationMaxY1 + 1)
    columns = slice(region.RegionLocationMinX0, region.RegionLocationMaxX1 + 1)
    return np.asarray(ds.pixel_array[rows, columns])


def test_the_phantom_is_one_study_of_a_left_and_a_right_breast_in_colour_and_in_gray(
    study: list[Dataset],
) -> None:
    assert len({ds.StudyInstanceUID for ds in study}) == 1
    assert [ds.Laterality for ds in study] == ["L", "R"]
    assert [ds.PhotometricInterpretation for ds in study] == ["RGB", "MONOCHROME2"]
    assert {(ds.Modality, ds.BodyPartExamined) for ds in study} == {("US", "BREAST")}
    assert len({ds.SeriesInstanceUID for ds in study}) == 2, "laterality belongs to the series"


def test_the_phantom_says_that_it_is_no_patient(study: list[Dataset]) -> None:
    assert {str(ds.PatientName) for ds in study} == {"PHANTOM^SPECKLE"}
    assert {ds.StudyDescription for ds in study} == {"Speckle phantom, not a patient"}


def test_the_same_seed_gives_the_same_study(study: list[Dataset]) -> None:
    again = phantom_study(seed=7)

    assert [ds.SOPInstanceUID for ds in again] == [ds.SOPInstanceUID for ds in study]
    assert [ds.PixelData for ds in again] == [ds.PixelData for ds in study]


def test_another_seed_gives_another_study(study: list[Dataset]) -> None:
    other = phantom_study(seed=8)

    assert other[0].StudyInstanceUID != study[0].StudyInstanceUID
    assert other[0].PixelData != study[0].PixelData


def test_a_fresh_phantom_has_the_same_pixels_and_new_uids(study: list[Dataset]) -> None:
    fresh = phantom_study(seed=7, fresh=True)

    uids = {(ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID) for ds in study + fresh}
    assert len(uids) == 4
    assert [ds.PixelData for ds in fresh] == [ds.PixelData for ds in study]


def test_the_region_holds_the_image_and_leaves_the_scale_outside(study: list[Dataset]) -> None:
    for ds in study:
        region = ds.SequenceOfUltrasoundRegions[0]
        right_of_region = np.asarray(ds.pixel_array[:, region.RegionLocationMaxX1 + 1 :])

        assert _region_pixels(ds).mean() > 40
        assert right_of_region.max() == 255
        assert region.PhysicalDeltaX * (
            region.RegionLocationMaxX1 - region.RegionLocationMinX0 + 1
        ) == pytest.approx(4.34)


def test_behind_the_benign_lesion_it_is_brighter_than_behind_the_malignant_one(study: list[Dataset]) -> None:
    benign, malignant = _region_pixels(study[0])[..., 0], _region_pixels(study[1])
    behind = slice(300, 340)

    assert benign[behind, 260:330].mean() > benign[behind, 520:600].mean()
    assert malignant[behind, 310:360].mean() < malignant[behind, 520:600].mean()


def test_the_phantom_can_be_written_as_a_file_without_a_warning(study: list[Dataset], tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        study[0].save_as(tmp_path / "image.dcm", enforce_file_format=True)

    assert (tmp_path / "image.dcm").stat().st_size > len(study[0].PixelData)
