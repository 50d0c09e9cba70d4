from pathlib import Path

import pytest

from engines.data.bus_bra import bus_bra_folds
from engines.data.examples import Parts, labels_of, read_pixels
from engines.data.formats import read_folds
from engines.errors import DataError
from tests.unit.engines.builders import write_bus_bra


def test_folds_are_the_official_ones(synthetic_data: Path) -> None:
    folds = bus_bra_folds(synthetic_data / "bus-bra")
    assert {fold: len(examples) for fold, examples in folds.items()} == dict.fromkeys(range(1, 6), 12)
    assert set(labels_of(folds[5])) == {0, 1}
    assert folds[1][0].group == "Scanner 0"


def test_a_patient_in_two_folds_is_refused(tmp_path: Path) -> None:
    folder = write_bus_bra(tmp_path, patients=15) / "bus-bra"
    folds = (folder / "5-fold-cv.csv").read_text()
    (folder / "5-fold-cv.csv").write_text(folds.replace("bus_0000-l,malignant,1", "bus_0000-l,malignant,5"))
    with pytest.raises(DataError, match="patient 0 is in folds 1 and 5"):
        read_folds("bus-bra", folder)


def test_a_folder_without_the_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="BUS-BRA"):
        bus_bra_folds(tmp_path)


def test_an_empty_part_is_refused() -> None:
    with pytest.raises(DataError, match="train part is empty"):
        Parts((), (), ())


def test_an_image_without_its_mask_is_refused(tmp_path: Path) -> None:
    folder = write_bus_bra(tmp_path, patients=15) / "bus-bra"
    example = bus_bra_folds(folder)[1][0]
    assert isinstance(example.mask, Path)
    example.mask.unlink()
    with pytest.raises(DataError, match=example.image.name):
        read_pixels(example)


def test_the_real_data_set_divides_into_whole_patients(real_data: Path) -> None:
    folds = read_folds("bus-bra", real_data / "bus-bra")
    assert [len(examples) for examples in folds.values()] == [376, 385, 366, 365, 383]
    assert len({example.patient for examples in folds.values() for example in examples}) == 1064
