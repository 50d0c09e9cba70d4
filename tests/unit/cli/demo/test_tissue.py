import numpy as np
import pytest
from numpy.typing import NDArray

from service.cli.demo.tissue import BENIGN, MALIGNANT, Lesion, breast_echo_db

SHAPE, SPACING_MM = (300, 340), 0.14


def _echo_db(lesion: Lesion) -> NDArray[np.float64]:
    return breast_echo_db(np.random.default_rng(3), SHAPE, SPACING_MM, lesion)


@pytest.mark.parametrize("lesion", [BENIGN, MALIGNANT], ids=["benign", "malignant"])
def test_a_lesion_is_darker_than_the_tissue_around(lesion: Lesion) -> None:
    echo_db = _echo_db(lesion)
    row, column = round(lesion.depth_mm / SPACING_MM), round(lesion.lateral_mm / SPACING_MM)

    inside = echo_db[row - 5 : row + 5, column - 10 : column + 10].mean()

    assert inside < echo_db[row - 5 : row + 5, 260:320].mean() - 8


def test_the_benign_lesion_is_wider_than_tall_and_the_malignant_one_taller_than_wide() -> None:
    assert BENIGN.width_mm > BENIGN.height_mm
    assert MALIGNANT.width_mm < MALIGNANT.height_mm


def test_the_skin_is_the_brightest_layer_of_all() -> None:
    layers = _echo_db(BENIGN).mean(axis=1)

    assert layers[:2].mean() > layers[20:].max()
