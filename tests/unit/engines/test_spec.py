import numpy as np
import pytest

from engines.errors import InputError
from engines.spec import DYNAMIC, TensorSpec

IMAGES = TensorSpec("images", (DYNAMIC, 1, 4, 4), "float32")


def test_a_dynamic_dimension_takes_any_length() -> None:
    IMAGES.check(np.zeros((1, 1, 4, 4), np.float32))
    IMAGES.check(np.zeros((7, 1, 4, 4), np.float32))


@pytest.mark.parametrize("shape", [(1, 1, 4), (1, 1, 4, 5), (1, 2, 4, 4), (0, 1, 4, 4)])
def test_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="images"):
        IMAGES.check(np.zeros(shape, np.float32))


def test_another_dtype_is_refused() -> None:
    with pytest.raises(InputError, match="float64"):
        IMAGES.check(np.zeros((1, 1, 4, 4)))


def test_a_spec_of_no_length_is_refused() -> None:
    with pytest.raises(InputError, match="-1"):
        TensorSpec("images", (0, 3), "float32")
