from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from service.config import ReportSettings
from service.errors import Permanent
from service.report.images.heatmap import render_heatmap, render_png, thumbnail
from service.report.images.legend import RESEARCH_USE, Legend, legend_for
from service.study.result import Lesion
from tests.unit.report.builders import result, score

LEGEND = Legend(RESEARCH_USE, ("Breast ultrasound malignancy 1.2.0", "Probability of cancer 87.3 %"))


def picture(rows: int, columns: int, hot_row: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A mid-grey image that is hot in the twenty rows from `hot_row`."""
    heat = np.zeros((rows, columns), np.float32)
    heat[hot_row : hot_row + 20, 20:60] = 1.0
    return np.full((rows, columns, 3), 128, np.uint8), heat


@pytest.mark.parametrize("rows, columns", [(480, 640), (350, 300), (64, 64), (1, 1)])
def test_heatmap_has_the_geometry_of_its_source(rows: int, columns: int) -> None:
    rgb, heat = picture(rows, columns, 0)

    drawn = render_heatmap(rgb, heat, (), LEGEND)

    assert drawn.shape == rgb.shape
    assert drawn.dtype == np.uint8


def test_heatmap_colours_the_hot_region_and_leaves_the_cold_one() -> None:
    rgb, heat = picture(240, 320, 60)

    drawn = render_heatmap(rgb, heat, (), LEGEND)

    red, green, blue = (int(value) for value in drawn[70, 40])
    assert red > green > blue
    assert drawn[70, 200].tolist() == [128, 128, 128]


def test_heatmap_draws_the_closed_outline() -> None:
    rgb, heat = picture(240, 320, 60)

    drawn = render_heatmap(rgb, heat, ((100, 50), (140, 50), (140, 90), (100, 90)), LEGEND)

    assert [drawn[70, column].tolist() for column in (100, 140)] == [[255, 255, 255]] * 2


@pytest.mark.parametrize("hot_row, bar_at_top", [(10, False), (110, False), (215, True)])
def test_legend_lies_where_the_hot_region_is_not(hot_row: int, bar_at_top: bool) -> None:
    rgb, heat = picture(240, 320, hot_row)

    drawn = render_heatmap(rgb, heat, (), LEGEND)

    assert (drawn[0, 319].tolist() == [0, 0, 0]) is bar_at_top
    assert (drawn[239, 319].tolist() == [0, 0, 0]) is not bar_at_top


def test_legend_takes_at_most_a_third_of_a_small_image() -> None:
    rgb, heat = picture(90, 90, 0)

    drawn = render_heatmap(rgb, heat, (), LEGEND)

    assert (drawn[:60] == 128).all(axis=2).any(axis=1).all()


def test_legend_says_what_was_found_by_whom_and_that_it_is_research() -> None:
    found = result(score(frame_number=12))

    legend = legend_for(found.scores[0], found.classifier, ReportSettings())

    assert legend.warning == "RESEARCH USE ONLY - NOT FOR CLINICAL USE"
    assert legend.statements == (
        "Breast ultrasound malignancy 1.2.0, left breast, frame 12",
        "Probability of cancer 87.3 %, at or above the operating point 31.0 %",
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, None),
        ({"finds_lesions": True}, "No lesion found: the score rests on the whole image"),
        ({"finds_lesions": True, "lesion": Lesion((), 12.4, 7.9)}, "Outlined: the lesion found, 12 x 8 mm"),
        ({"finds_lesions": True, "lesion": Lesion((), None, None)}, "Outlined: the lesion found"),
    ],
)
def test_legend_says_what_the_classifier_found(changes: dict[str, Any], said: str | None) -> None:
    found = result(score(**changes))
    statements = legend_for(found.scores[0], found.classifier, ReportSettings()).statements
    assert list(statements[2:]) == ([] if said is None else [said])


def test_legend_has_no_research_label_for_a_product() -> None:
    found = result(score(laterality="", positive=False, probability=0.1))

    legend = legend_for(found.scores[0], found.classifier, ReportSettings(content_qualification="PRODUCT"))

    assert legend.warning == ""
    assert legend.statements[1] == "Probability of cancer 10.0 %, below the operating point 31.0 %"


def test_heatmap_of_another_image_is_refused() -> None:
    rgb, _ = picture(240, 320, 0)

    with pytest.raises(Permanent, match="does not belong"):
        render_heatmap(rgb, np.zeros((240, 321), np.float32), (), LEGEND)


def test_png_holds_the_same_pixels() -> None:
    rgb = picture(24, 32, 0)[0]
    rgb[3, 4] = (1, 2, 3)

    with Image.open(BytesIO(render_png(rgb))) as image:
        assert (np.asarray(image) == rgb).all()


@pytest.mark.parametrize("max_px, size", [(160, (160, 120)), (1000, (320, 240))])
def test_thumbnail_fits_and_is_never_enlarged(max_px: int, size: tuple[int, int]) -> None:
    with Image.open(BytesIO(thumbnail(picture(240, 320, 0)[0], max_px))) as image:
        assert image.size == size
