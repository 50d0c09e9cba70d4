import numpy as np
import pytest
from numpy.typing import NDArray

from service.infer.lesion import diameters_mm, lesion_of
from service.study.result import AnalysedRegion
from tests.fakes.classifier import FakeScore

REGION = AnalysedRegion(left=100, top=50, right=300, bottom=150)
SPACING_MM = (0.1, 0.2)


def ellipses(*places: tuple[float, float, float, float]) -> NDArray[np.float32]:
    """Probability over a region of 100 x 200: each as row, column, half height, half width."""
    row, column = np.mgrid[:100, :200] + 0.5
    inside = np.zeros((100, 200), bool)
    for middle_row, middle_column, height, width in places:
        inside |= ((row - middle_row) / height) ** 2 + ((column - middle_column) / width) ** 2 < 1
    return inside.astype(np.float32)


def score(lesion: NDArray[np.float32] | None) -> FakeScore:
    return FakeScore(0.5, np.zeros((100, 200), np.float32), lesion)


def test_a_lesion_has_its_outline_in_the_image_and_its_diameters_in_mm() -> None:
    lesion = lesion_of(score(ellipses((40, 120, 20, 30))), REGION, SPACING_MM)
    assert lesion is not None
    columns, rows = zip(*lesion.outline, strict=True)
    assert (min(columns), max(columns)) == pytest.approx((190, 250), abs=2)
    assert (min(rows), max(rows)) == pytest.approx((70, 110), abs=2)
    assert lesion.outline[0] == lesion.outline[-1]
    assert lesion.long_axis_mm == pytest.approx(12.0, abs=0.4)  # 60 columns of 0.2 mm
    assert lesion.short_axis_mm == pytest.approx(4.0, abs=0.3)  # 40 rows of 0.1 mm


def test_of_several_the_largest_is_told() -> None:
    lesion = lesion_of(score(ellipses((20, 20, 8, 8), (60, 150, 20, 20), (90, 20, 5, 5))), REGION, None)
    assert lesion is not None
    assert min(column for column, _ in lesion.outline) > 100 + 120


def test_without_the_size_of_a_pixel_there_are_no_diameters() -> None:
    lesion = lesion_of(score(ellipses((40, 120, 20, 30))), REGION, None)
    assert lesion is not None
    assert (lesion.long_axis_mm, lesion.short_axis_mm) == (None, None)


@pytest.mark.parametrize(
    "probability",
    [
        None,
        np.full((100, 200), 0.4, np.float32),
        ellipses((40, 120, 1.2, 1.2)),
        np.full((100, 200), np.nan, np.float32),
    ],
    ids=["not looked for", "unsure", "a speck", "no number"],
)
def test_where_nothing_is_found_there_is_no_lesion(probability: NDArray[np.float32] | None) -> None:
    assert lesion_of(score(probability), REGION, SPACING_MM) is None


def test_diameters_of_a_slanted_box() -> None:
    box = [
        (0.0, 0.0),
        (30.0, 40.0),
        (22.0, 46.0),
        (-8.0, 6.0),
        (0.0, 0.0),
    ]  # 50 long, 10 wide, of one mm pixels
    long_axis, short_axis = diameters_mm(box, (1.0, 1.0))
    assert long_axis == pytest.approx(np.hypot(50, 10))
    assert short_axis == pytest.approx(2 * 50 * 10 / np.hypot(50, 10))
