import numpy as np

from engines.catalog import find_classifier
from engines.open_engine import open_classifier
from engines.phantoms import phantom
from engines.reference import PHANTOMS, reference_images


def test_a_phantom_is_gray_and_the_same_each_time() -> None:
    first, again = phantom(3), phantom(3)
    assert (first.dtype.name, first.ndim) == ("uint8", 2)
    np.testing.assert_array_equal(first, again)


def test_phantoms_differ_in_content_and_shape() -> None:
    assert len({phantom(number).shape for number in range(5)}) == 5
    assert not np.array_equal(phantom(0), phantom(5))


def test_a_phantom_holds_a_dark_lesion_in_brighter_tissue() -> None:
    for number in range(10):
        image = phantom(number)
        rows, columns = image.shape
        middle = image[rows * 3 // 8 : rows * 5 // 8, columns * 3 // 8 : columns * 5 // 8]
        beside = image[rows * 3 // 8 : rows * 5 // 8, : columns // 8]
        assert np.percentile(middle, 10) < np.percentile(beside, 10) - 20


def test_phantoms_spread_over_the_probabilities_and_around_the_operating_point() -> None:
    manifest = find_classifier("us-mass")
    with open_classifier(manifest) as classifier:
        scores = classifier.classify([image.pixels for image in reference_images(manifest)])
    probabilities = np.array([score.probability for score in scores])
    away = probabilities - manifest.operating_point.threshold
    assert len(scores) == PHANTOMS
    assert (np.histogram(probabilities, [0, 0.1, 0.25, 0.5, 0.75, 1])[0] >= 5).all()
    assert min((away[(away > -0.1)] < 0).sum(), (away[(away < 0.1)] > 0).sum()) >= 5
    assert manifest.tolerance.probability < np.abs(away).min() < 0.02
