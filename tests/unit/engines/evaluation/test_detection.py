import numpy as np
import pytest

from engines.evaluation.detection import Candidate, candidates, detection_figures
from engines.evaluation.figures import find


def test_connected_parts_are_candidates_with_their_highest_probability() -> None:
    lesion = np.zeros((40, 60), np.float32)
    lesion[5:15, 5:15] = 0.6
    lesion[10, 10] = 0.9
    lesion[30:34, 50:54] = 0.2
    lesion[0, 59] = 0.05
    mask = np.zeros((40, 60), bool)
    mask[4:16, 4:16] = True
    found = candidates(lesion, mask)
    assert [(round(one.score, 2), one.is_lesion) for one in found] == [(0.9, True), (0.2, False)]


def test_sensitivity_rises_with_the_false_positives_that_are_allowed() -> None:
    sure, unsure, nothing = ((Candidate(0.9, True),), (Candidate(0.4, True),), ())
    wrong = (Candidate(0.5, False), Candidate(0.3, True))
    figures = detection_figures([sure, unsure, nothing, wrong] * 5)
    at = [
        find(figures, f"lesions detected at {most} false positives per image").value
        for most in (0.1, 0.25, 0.5)
    ]
    assert at == [0.25, 0.75, 0.75]  # five false ones in twenty images: a quarter each allows all of them


def test_without_candidates_nothing_is_detected() -> None:
    assert find(detection_figures([(), ()]), "lesions detected at 0.5 false positives per image").value == 0


def test_a_perfect_finder_detects_all() -> None:
    figures = detection_figures([(Candidate(0.8, True),)] * 30)
    assert {figure.value for figure in figures} == {1.0}
    assert figures[0].low == pytest.approx(0.886, abs=0.01)
