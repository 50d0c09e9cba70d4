from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engines.classifier import Score
from engines.data.examples import Example, Pixels
from engines.evaluation.figures import find
from engines.evaluation.painted import Painted, calipers, corner_text, painted, painted_figures, together
from engines.judgement import Calibration
from engines.pair import Given, Pair
from engines.preprocess import place
from engines.progress import silent

GRAY = np.full((100, 140), 60, np.uint8)
MASK = np.zeros((100, 140), bool)
MASK[30:51, 40:81] = True


def test_crosses_are_at_the_ends_of_the_lesion_and_little_else_changes() -> None:
    changed = calipers(Pixels(GRAY, MASK)) != GRAY
    for row, column in ((40, 40), (40, 80), (30, 60), (50, 60)):
        assert changed[row, column]
    assert changed.mean() < 0.01
    assert not changed[40, 60]


def test_text_is_at_the_lower_edge() -> None:
    changed = corner_text(GRAY) != GRAY
    assert changed.any()
    assert not changed[:70].any()


def scored(image: np.ndarray, probability: float) -> Score:
    return Score(
        0.0, probability, np.zeros((2, 2), np.float32), np.zeros(3, np.float32), place(image.shape, 32)
    )


def plain(images: Sequence[Given]) -> list[np.ndarray]:
    return [image for image in images if not isinstance(image, Pair)]


@pytest.mark.parametrize(("sees_marks", "moved", "decisions"), [(False, 0.0, 0.0), (True, 0.5, 1.0)])
def test_who_looks_at_marks_is_found_out(
    tmp_path: Path, sees_marks: bool, moved: float, decisions: float
) -> None:
    Image.fromarray(GRAY).save(tmp_path / "image.png")
    Image.fromarray(MASK).save(tmp_path / "mask.png")
    examples = [Example(tmp_path / "image.png", tmp_path / "mask.png", 0, "p", "")] * 10
    figures = painted_figures(
        painted(
            lambda images: [scored(i, 0.2 + 0.5 * (sees_marks and i.max() > 200)) for i in plain(images)],
            examples,
            np.full(10, 0.2),
            silent,
        ),
        threshold=0.5,
    )
    for what in ("calipers", "text"):
        assert find(figures, f"mean change of the probability by {what}").value == pytest.approx(moved)
        assert find(figures, f"decisions changed by {what}").value == decisions


def test_parts_are_put_together_and_calibrated() -> None:
    parts = [Painted(np.array([0.5]), np.array([0.5]), np.array([share])) for share in (0.5, 0.0)]
    whole = together(parts).calibrated(Calibration(slope=2.0, intercept=0.0))
    assert whole.plain == pytest.approx([0.5, 0.5])
    assert whole.with_text == pytest.approx([0.5, 0.0])
    assert Painted(*(np.array([0.8]),) * 3).calibrated(
        Calibration(slope=2.0, intercept=0.0)
    ).plain == pytest.approx([16 / 17])
