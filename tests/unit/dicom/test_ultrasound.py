from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from service.dicom.header import read_header
from service.dicom.ultrasound import colour_refusal, region_refusal, spacing_mm, tissue_region
from service.study.result import AnalysedRegion
from tests.unit.dicom.builders import GREEN, RED, as_rgb, items, packaged, speckle, ultrasound, us_region

WHOLE = AnalysedRegion(left=0, top=0, right=640, bottom=480)


def with_regions(*regions: Dataset) -> Dataset:
    return ultrasound(SequenceOfUltrasoundRegions=list(regions))


def test_the_largest_tissue_region_is_taken_its_maximum_included() -> None:
    ds = with_regions(us_region((0, 0, 99, 99)), us_region((100, 40, 539, 399)))

    assert tissue_region(ds, 480, 640) == AnalysedRegion(left=100, top=40, right=540, bottom=400)


def test_a_region_beyond_the_image_is_clipped() -> None:
    ds = with_regions(us_region((0, 30, 5000, 4294967295)))

    assert tissue_region(ds, 480, 640) == AnalysedRegion(left=0, top=30, right=640, bottom=480)


@pytest.mark.parametrize("box", [(300, 300, 100, 100), (0, 0, 0, 0), (5, 5, 20, 400), (700, 500, 900, 800)])
def test_a_nonsense_box_leaves_the_whole_image(box: tuple[int, int, int, int]) -> None:
    assert tissue_region(with_regions(us_region(box)), 480, 640) == WHOLE


def test_regions_without_coordinates_or_of_other_kinds_leave_the_whole_image() -> None:
    ds = with_regions(items(RegionSpatialFormat=1, RegionDataType=1), us_region((0, 0, 200, 200), 4, 10))

    assert tissue_region(ds, 480, 640) == WHOLE


def test_no_regions_leave_the_whole_image() -> None:
    assert tissue_region(ultrasound(), 480, 640) == WHOLE


@pytest.mark.parametrize(("spatial_format", "data_type"), [(2, 1), (3, 3), (3, 4)])
def test_only_m_mode_or_spectral_regions_are_refused(spatial_format: int, data_type: int) -> None:
    reason = region_refusal(with_regions(us_region((0, 0, 400, 400), spatial_format, data_type)))

    assert reason is not None
    assert "M-mode" in reason


def test_a_colour_flow_region_is_refused() -> None:
    reason = region_refusal(with_regions(us_region((0, 0, 400, 400)), us_region((50, 50, 200, 200), 1, 2)))

    assert reason is not None
    assert "colour flow" in reason


def test_b_mode_regions_and_no_regions_are_accepted() -> None:
    assert region_refusal(ultrasound()) is None
    assert (
        region_refusal(with_regions(us_region((0, 0, 400, 400)), us_region((0, 400, 400, 440), 4, 10)))
        is None
    )


@pytest.mark.parametrize(("coloured_rows", "refused"), [(0, False), (1, False), (3, True), (60, True)])
def test_more_than_a_fiftieth_of_coloured_pixels_is_refused(coloured_rows: int, refused: bool) -> None:
    rgb = as_rgb(speckle(100, 100))
    rgb[:coloured_rows] = RED
    rgb[:coloured_rows, ::2] = GREEN

    assert (colour_refusal(rgb) is not None) is refused


def test_the_reason_says_how_much_is_coloured() -> None:
    rgb = np.full((100, 100, 3), 90, dtype=np.uint8)
    rgb[:25] = RED

    assert str(colour_refusal(rgb)).startswith("25% of the region is coloured (Doppler")


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, None),
        ({"PixelSpacing": [0.2, 0.1]}, (0.2, 0.1)),
        ({"PixelSpacing": [0.0, 0.1]}, None),
        ({"PixelSpacing": [0.1]}, None),
    ],
)
def test_spacing_comes_from_pixel_spacing(
    attributes: dict[str, Any], expected: tuple[float, float] | None
) -> None:
    assert spacing_mm(ultrasound(**attributes)) == expected


def test_spacing_of_the_region_in_cm_goes_first_and_has_no_sign() -> None:
    region = us_region(
        (0, 0, 400, 400),
        PhysicalUnitsXDirection=3,
        PhysicalUnitsYDirection=3,
        PhysicalDeltaX=0.01,
        PhysicalDeltaY=-0.02,
    )
    ds = with_regions(us_region((0, 0, 9, 9)), region)
    ds.PixelSpacing = [1, 1]

    assert spacing_mm(ds) == pytest.approx((0.2, 0.1))


def test_real_files_have_their_spacing_and_clipped_region() -> None:
    philips = read_header(packaged("examples_palette.dcm"))

    assert spacing_mm(philips) == pytest.approx((0.2622878, 0.2622878))
    assert tissue_region(philips, 350, 800) == AnalysedRegion(left=120, top=60, right=800, bottom=350)
