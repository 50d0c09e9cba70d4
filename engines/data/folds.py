"""Folds for data sets that have none of their own."""

import hashlib
from collections.abc import Iterable

from engines.data.examples import Example

FOLDS = 5


def folds_by_patient(examples: Iterable[Example]) -> dict[int, list[Example]]:
    """Five folds, numbered from 1, with whole patients and about as many malignant ones in each.

    The same patients get the same folds on every machine, whatever the order of the images.
    """
    of_patient: dict[str, list[Example]] = {}
    for example in examples:
        of_patient.setdefault(example.patient, []).append(example)
    folds: dict[int, list[Example]] = {fold: [] for fold in range(1, FOLDS + 1)}
    for label in (1, 0):
        patients = [name for name, theirs in of_patient.items() if max(e.label for e in theirs) == label]
        for place, name in enumerate(sorted(patients, key=_shuffled)):
            folds[place % FOLDS + 1] += of_patient[name]
    return folds


def _shuffled(patient: str) -> str:
    return hashlib.sha256(patient.encode()).hexdigest()
