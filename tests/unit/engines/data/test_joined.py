from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engines.data.sets import folds_of
from engines.errors import DataError
from engines.training.recipe import Recipe, read_recipe
from tests.unit.engines.builders import write_bus_bra
from tests.unit.engines.training.recipes import RECIPE, write_recipe


def joined(folder: Path) -> Recipe:
    text = RECIPE.replace("[network]", '[[data.joined]]\nform = "folder"\nfolder = "elsewhere"\n\n[network]')
    return read_recipe(write_recipe(folder, text))


def elsewhere(root: Path, folds: int) -> None:
    """A patient per fold, who is called as one of the other set is."""
    (root / "elsewhere").mkdir()
    rows = ["image,label,patient,fold"]
    for fold in range(1, folds + 1):
        Image.fromarray(np.full((40, 60), fold, np.uint8)).save(root / "elsewhere" / f"{fold}.png")
        rows.append(f"{fold}.png,benign,{fold},{fold}")
    (root / "elsewhere" / "table.csv").write_text("\n".join(rows), encoding="utf-8")


def test_folds_of_two_sets_go_together_and_their_patients_stay_apart(tmp_path: Path) -> None:
    write_bus_bra(tmp_path)
    elsewhere(tmp_path, 5)
    recipe = joined(tmp_path)
    folds = folds_of(recipe, tmp_path)
    assert {fold: len(examples) for fold, examples in folds.items()} == dict.fromkeys(range(1, 6), 13)
    assert [folds[fold][-1].patient for fold in folds] == [f"elsewhere: {n}" for n in range(1, 6)]
    assert recipe.data.called == "bus-bra and elsewhere"


def test_sets_with_other_folds_are_refused(tmp_path: Path) -> None:
    write_bus_bra(tmp_path)
    elsewhere(tmp_path, 4)
    with pytest.raises(DataError, match=r"elsewhere has the folds \[1, 2, 3, 4\], bus-bra \[1, 2, 3, 4, 5\]"):
        folds_of(joined(tmp_path), tmp_path)
