from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engines.data.examples import read_pixels
from engines.data.folder import folder_folds
from engines.data.formats import read_folds
from engines.errors import DataError


def data_set(folder: Path, rows: list[str], columns: str = "image,label,patient,mask,birads,side") -> Path:
    for number in range(12):
        gray = np.random.default_rng(number).integers(0, 255, (40, 60), dtype=np.uint8)
        Image.fromarray(gray).save(folder / f"{number}.png")
    mask = np.zeros((40, 60), np.uint8)
    mask[10:20, 20:30] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    (folder / "table.csv").write_text("\n".join([columns, *rows]), encoding="utf-8")
    return folder


ROWS = [f"{n}.png,{'malignant' if n % 3 == 0 else 'benign'},P{n // 2},mask.png,4,left" for n in range(12)]


def test_images_are_divided_by_patient_into_five_folds(tmp_path: Path) -> None:
    folds = read_folds("folder", data_set(tmp_path, ROWS))
    assert sorted(folds) == [1, 2, 3, 4, 5]
    assert sum(len(examples) for examples in folds.values()) == 12
    assert all(len(examples) % 2 == 0 for examples in folds.values())  # two images a patient
    example = next(
        example for examples in folds.values() for example in examples if example.image.name == "3.png"
    )
    assert (example.label, example.patient, example.birads, example.side) == (1, "P1", 4, "left")
    assert read_pixels(example).mask.sum() == 100


def test_folds_do_not_depend_on_the_order_of_the_table(tmp_path: Path) -> None:
    first = folder_folds(data_set(tmp_path, ROWS))
    again = folder_folds(data_set(tmp_path, ROWS[::-1]))
    assert {f: {e.patient for e in first[f]} for f in first} == {
        f: {e.patient for e in again[f]} for f in again
    }


def test_its_own_folds_are_kept(tmp_path: Path) -> None:
    rows = [f"{n}.png,{'malignant' if n % 2 else 'benign'},P{n},{n % 3}" for n in range(12)]
    folds = folder_folds(data_set(tmp_path, rows, "image,label,patient,fold"))
    assert {fold: len(examples) for fold, examples in folds.items()} == {0: 4, 1: 4, 2: 4}
    assert not read_pixels(folds[0][0]).mask.any()  # nobody has drawn one


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("0.png,cancer,P0,,,", "line 2: label 'cancer' is neither benign nor malignant"),
        ("0.png,benign,,,,", "line 2: no patient"),
        ("99.png,benign,P0,,,", "line 2: no image '99.png'"),
    ],
)
def test_what_is_wrong_with_a_row_is_said(tmp_path: Path, row: str, why: str) -> None:
    with pytest.raises(DataError, match=why):
        folder_folds(data_set(tmp_path, [row, *ROWS]))


def test_a_table_without_patients_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column 'patient'"):
        folder_folds(data_set(tmp_path, ["0.png,benign"], "image,label"))


def test_an_unknown_form_is_answered_with_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no data set has the form 'ddsm'; there are: bus-bra, busi, folder"):
        read_folds("ddsm", tmp_path)
