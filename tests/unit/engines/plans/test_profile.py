import pytest

from engines.plans.profile import BatchProfile


@pytest.mark.parametrize("sizes", [(0, 1, 2), (2, 1, 3), (1, 4, 3), (-1, -1, -1)])
def test_sizes_that_are_not_in_order_or_not_positive_are_refused(sizes: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="smallest <= usual <= largest"):
        BatchProfile(*sizes)


def test_shapes_put_the_batch_before_the_image() -> None:
    assert BatchProfile(1, 8, 32).shapes((1, 4, 5)) == ((1, 1, 4, 5), (8, 1, 4, 5), (32, 1, 4, 5))


def test_an_image_with_a_dynamic_side_is_refused() -> None:
    with pytest.raises(ValueError, match="only the batch may be dynamic"):
        BatchProfile().shapes((1, -1, 224))
