"""From a logit difference to a calibrated probability and a suggested category."""

import math
from dataclasses import dataclass

LIKELIHOOD = {"3": (0.0, 0.02), "4A": (0.02, 0.1), "4B": (0.1, 0.5), "4C": (0.5, 0.95), "5": (0.95, 1.0)}
"""Likelihood of cancer per assessment category: BI-RADS Atlas, 5th edition (ACR 2013)."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt scaling (Platt 1999): sigmoid(slope * d + intercept) of the logit difference d."""

    slope: float
    intercept: float

    def __post_init__(self) -> None:
        if self.slope <= 0:
            raise ValueError(
                f"calibration.slope must be positive, or higher logits mean less; got {self.slope}"
            )

    def probability(self, logit: float) -> float:
        """Calibrated probability of malignancy, 0..1."""
        scaled = self.slope * logit + self.intercept
        if scaled >= 0:
            return 1.0 / (1.0 + math.exp(-scaled))
        return math.exp(scaled) / (1.0 + math.exp(scaled))


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of images, 0..1, with its 95 % confidence interval."""

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.low <= self.value <= self.high <= 1.0:
            raise ValueError(f"a rate needs 0 <= low <= value <= high <= 1, got {self}")


@dataclass(frozen=True, slots=True)
class Difference:
    """What one measure is above another, of either sign, with its 95 % confidence interval."""

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not -1.0 <= self.low <= self.value <= self.high <= 1.0:
            raise ValueError(f"a difference needs -1 <= low <= value <= high <= 1, got {self}")


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """`threshold` on the calibrated probability; what it gave on the images that `measured_on` names."""

    name: str
    threshold: float
    sensitivity: Rate
    specificity: Rate
    measured_on: str

    def __post_init__(self) -> None:
        if not 0.0 < self.threshold < 1.0:
            raise ValueError(f"operating_point.threshold must be between 0 and 1, got {self.threshold}")


@dataclass(frozen=True, slots=True)
class Category:
    """A BI-RADS category suggested for low < probability <= high (the last one holds its low too)."""

    category: str
    low: float
    high: float


def check_categories(categories: tuple[Category, ...]) -> None:
    """Raise ValueError unless these are the five categories with BI-RADS' likelihoods.

    Category 2 is never among them: it is a statement on certainly benign findings, which a score cannot make.
    """
    got = {c.category: (c.low, c.high) for c in categories}
    if list(got.items()) != list(LIKELIHOOD.items()) or len(got) != len(categories):
        raise ValueError(
            f"categories must be those of BI-RADS, 5th edition, in order: {LIKELIHOOD}; got {got}"
        )


def suggested_category(categories: tuple[Category, ...], probability: float) -> str:
    """The category that holds `probability`, 0..1. Raises ValueError outside that."""
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"a probability is within 0..1, got {probability}")
    if probability >= categories[-1].low:
        return categories[-1].category
    return next(c.category for c in categories if probability <= c.high)
