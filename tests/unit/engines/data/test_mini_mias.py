from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engines.data.examples import Circle, read_pixels
from engines.data.mini_mias import mini_mias_folds
from engines.errors import DataError

TABLE = """Name,Background Tissue,Abnormality,Type,x,y,r
mdb001,G,CIRC,B,512,768,64
mdb001,G,CIRC,M,256,256,128
mdb002,G,NORM,,,,
mdb003,D,CALC,B,NOTE,3,
mdb004,F,SPIC,M,512,512,64
"""


@pytest.fixture
def films(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    for number in range(1, 5):
        Image.fromarray(np.zeros((256, 256), np.uint8)).save(tmp_path / "images" / f"mdb00{number}.png")
    (tmp_path / "labels_converted.csv").write_text(TABLE)
    return tmp_path


def test_a_film_has_its_malignant_abnormality_counted_from_the_top(films: Path) -> None:
    examples = {e.image.stem: e for fold in mini_mias_folds(films).values() for e in fold}
    assert sorted(examples) == ["mdb001", "mdb003", "mdb004"]
    first = examples["mdb001"]
    assert (first.label, first.patient, first.side) == (1, "1", "left")
    assert first.mask == Circle(64.0, 192.0, 32.0)
    mask = read_pixels(first).mask
    assert mask[192, 64]
    assert not mask[64, 64]
    assert mask.sum() == pytest.approx(np.pi * 32**2, rel=0.02)


def test_both_films_of_a_woman_are_in_one_fold_and_calcifications_without_a_place_have_no_mask(
    films: Path,
) -> None:
    folds = mini_mias_folds(films)
    (both,) = [fold for fold in folds.values() if any(e.image.stem == "mdb003" for e in fold)]
    assert {e.image.stem for e in both} >= {"mdb003", "mdb004"}
    assert next(e for e in both if e.image.stem == "mdb003").mask is None


def test_the_real_data_set_is_read(real_data: Path) -> None:
    if not (real_data / "mini-mias").is_dir():
        pytest.skip("no mini-MIAS beside the other data sets")
    examples = [e for fold in mini_mias_folds(real_data / "mini-mias").values() for e in fold]
    assert len(examples) > 100
    assert {e.label for e in examples} == {0, 1}
    assert all(read_pixels(e).mask.any() for e in examples[:20] if e.mask is not None)


def test_a_folder_without_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="mini-MIAS"):
        mini_mias_folds(tmp_path)
