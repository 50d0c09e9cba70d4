"""Data sets by the name that recipes give their form."""

from collections.abc import Callable, Mapping
from pathlib import Path

from engines.data.bus_bra import bus_bra_folds
from engines.data.busi import busi
from engines.data.examples import Example
from engines.data.folder import folder_folds
from engines.data.folds import folds_by_patient
from engines.data.mini_mias import mini_mias_folds
from engines.errors import DataError

Folds = dict[int, list[Example]]

FORMATS: Mapping[str, Callable[[Path], Folds]] = {
    "bus-bra": bus_bra_folds,
    "busi": lambda folder: folds_by_patient(busi(folder)),
    "folder": folder_folds,
    "mini-mias": mini_mias_folds,
}


def folds_named(data_set: str) -> Folds:
    """Those of a data set that is written `FORM:FOLDER`. Raises DataError."""
    form, separator, folder = data_set.partition(":")
    if not separator:
        raise DataError(f"{data_set!r}: give another data set as FORM:FOLDER, such as folder:ours")
    return read_folds(form, Path(folder))


def read_folds(form: str, folder: Path) -> Folds:
    """The data set in `folder`, whole patients in each fold. Raises DataError."""
    if form not in FORMATS:
        raise DataError(f"no data set has the form {form!r}; there are: {', '.join(FORMATS)}")
    folds = FORMATS[form](folder)
    of_patient: dict[str, int] = {}
    for fold, examples in folds.items():
        for example in examples:
            if of_patient.setdefault(example.patient, fold) != fold:
                raise DataError(
                    f"{folder}: patient {example.patient} is in folds {of_patient[example.patient]} and "
                    f"{fold}; put all images of a patient into one"
                )
    return folds
