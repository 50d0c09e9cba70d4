from pathlib import Path

import pytest

from engines.data.bus_bra import bus_bra
from engines.data.examples import Parts, labels_of, read_pixels
from engines.errors import DataError
from tests.unit.engines.builders import write_bus_bra


def test_parts_are_the_official_folds(synthetic_data: Path) -> None:
    parts = bus_bra(synthetic_data / "bus-bra", test_fold=5, validation_fold=4)
    assert [len(parts.train), len(parts.validation), len(parts.test)] == [36, 12, 12]
    assert set(labels_of(parts.test)) == {0, 1}
    assert parts.train[0].group == "Scanner 0"


def test_a_patient_in_two_parts_is_refused(tmp_path: Path) -> None:
    folder = write_bus_bra(tmp_path, patients=15) / "bus-bra"
    folds = (folder / "5-fold-cv.csv").read_text()
    (folder / "5-fold-cv.csv").write_text(folds.replace("bus_0000-l,malignant,1", "bus_0000-l,malignant,5"))
    with pytest.raises(DataError, match="1 patients are in both train and test"):
        bus_bra(folder, test_fold=5, validation_fold=4)


def test_a_fold_that_is_not_there_is_refused(synthetic_data: Path) -> None:
    with pytest.raises(DataError, match="no fold 7"):
        bus_bra(synthetic_data / "bus-bra", test_fold=7, validation_fold=4)


def test_a_folder_without_the_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="BUS-BRA"):
        bus_bra(tmp_path, test_fold=5, validation_fold=4)


def test_an_empty_part_is_refused() -> None:
    with pytest.raises(DataError, match="train part is empty"):
        Parts((), (), ())


def test_an_image_without_its_mask_is_refused(tmp_path: Path) -> None:
    folder = write_bus_bra(tmp_path, patients=15) / "bus-bra"
    example = bus_bra(folder, test_fold=5, validation_fold=4).train[0]
    example.mask.unlink()
    with pytest.raises(DataError, match=example.image.name):
        read_pixels(example)


def test_the_real_data_set_divides_into_whole_patients(real_data: Path) -> None:
    parts = bus_bra(real_data / "bus-bra", test_fold=5, validation_fold=4)
    assert [len(part) for part in (parts.train, parts.validation, parts.test)] == [1127, 365, 383]
    assert len({e.patient for e in (*parts.train, *parts.validation, *parts.test)}) == 1064
