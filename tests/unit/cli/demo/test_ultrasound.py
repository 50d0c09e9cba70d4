from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from service.cli.demo.ultrasound import ImageIdentity, StudyIdentity, add_region, ultrasound_image

STUDY = StudyIdentity("1.2", "NOBODY", "N1", "None", datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC))
IMAGE = ImageIdentity("1.2.3", "1.2.3.4", 1, 1, "L")


@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 3)])
def test_pixels_come_back_as_they_went_in_also_with_an_odd_number_of_bytes(shape: tuple[int, ...]) -> None:
    pixels: NDArray[np.uint8] = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)

    ds = ultrasound_image(STUDY, IMAGE, pixels)

    assert len(ds.PixelData) % 2 == 0
    np.testing.assert_array_equal(ds.pixel_array, pixels)


def test_the_study_is_dated_by_when_it_was_made() -> None:
    ds = ultrasound_image(STUDY, IMAGE, np.zeros((2, 2), np.uint8))

    assert (ds.StudyDate, ds.StudyTime) == ("20260304", "050607")


def test_a_region_ends_at_its_last_pixel_and_is_measured_in_centimetres() -> None:
    ds = ultrasound_image(STUDY, IMAGE, np.zeros((20, 30), np.uint8))

    add_region(ds, (5, 2, 25, 18), spacing_mm=0.5)

    region = ds.SequenceOfUltrasoundRegions[0]
    assert (region.RegionLocationMinX0, region.RegionLocationMaxX1) == (5, 24)
    assert (region.RegionLocationMinY0, region.RegionLocationMaxY1) == (2, 17)
    assert (region.PhysicalUnitsXDirection, region.PhysicalDeltaX) == (3, 0.05)
