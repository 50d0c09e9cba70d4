import numpy as np
import pytest

from engines.errors import DataError
from engines.evaluation.decision_curve import decision_curve
from engines.evaluation.decisions import (
    decided,
    decided_with_intervals,
    roc_points,
    sensitivity_at,
    specificity_at,
)
from engines.evaluation.figures import find
from engines.evaluation.side_figures import side_figures
from engines.evaluation.sides import Cases, Side

LABELS = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
SCORES = np.array([0.9, 0.8, 0.7, 0.2, 0.75, 0.3, 0.3, 0.1, 0.1, 0.0])


def test_measures_of_a_table_worked_out_by_hand() -> None:
    measures = decided(SCORES >= 0.5, LABELS)
    assert measures == pytest.approx(
        {
            "accuracy": 0.8,
            "sensitivity": 0.75,
            "specificity": 5 / 6,
            "precision": 0.75,
            "F1": 0.75,
            "Youden index": 0.75 + 5 / 6 - 1,
        }
    )


def test_nothing_positive_has_no_precision() -> None:
    measures = decided(SCORES > 1, LABELS)
    assert np.isnan(measures["precision"])
    assert measures["F1"] == 0
    cases = Cases(LABELS, [str(number) for number in range(10)])
    assert "precision" not in decided_with_intervals(Side("nobody", SCORES, 2.0), cases)


def test_intervals_are_wider_where_patients_have_several_images() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(rng.integers(0, 2, 60), 5)
    scores = np.repeat(rng.normal(size=60), 5) + labels  # all images of a patient are alike
    side = Side("a", scores, 0.5)
    alone = decided_with_intervals(side, Cases(labels, [str(i) for i in range(300)]))["accuracy"]
    grouped = decided_with_intervals(side, Cases(labels, [str(i // 5) for i in range(300)]))["accuracy"]
    assert grouped.high - grouped.low > 1.7 * (alone.high - alone.low)


def test_ends_of_the_curve() -> None:
    assert sensitivity_at(5 / 6, SCORES, LABELS) == 0.75
    assert sensitivity_at(1.0, SCORES, LABELS) == 0.5
    assert specificity_at(0.95, SCORES, LABELS) == 0.5
    hits, alarms = roc_points(SCORES, LABELS)
    assert (hits[0], alarms[0], hits[-1], alarms[-1]) == (0, 0, 1, 1)
    assert hits.size == 1 + np.unique(SCORES).size


def test_net_benefit_of_a_table_worked_out_by_hand() -> None:
    curve = decision_curve(SCORES, LABELS)
    at = int(np.argmin(np.abs(curve.threshold - 0.5)))
    odds = curve.threshold[at] / (1 - curve.threshold[at])
    assert curve.classifier[at] == pytest.approx(0.3 - 0.1 * odds)
    assert curve.all_positive[at] == pytest.approx(0.4 - 0.6 * odds)


def test_images_of_one_class_are_refused() -> None:
    with pytest.raises(DataError, match="benign and malignant"):
        Cases(np.array([1, 1]), ["a", "b"])


def test_a_patient_is_judged_by_her_most_suspicious_image() -> None:
    patients = ["A", "A", "B", "B", "C", "D", "D", "E", "F", "F"]
    labels = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    scores = np.array([0.9, 0.1, 0.8, 0.1, 0.5, 0.4, 0.4, 0.3, 0.5, 0.4])
    figures = side_figures(Side("a", scores, 0.5), Cases(labels, patients))
    assert find(figures, "AUC by patient, highest of her images").value == 1.0
    assert find(figures, "AUC by patient, mean of her images").value == pytest.approx(0.75)
    assert find(figures, "AUC by patient, mean of her images").how == "6 patients"
