from dataclasses import replace
from pathlib import Path

import pytest

import engines.training
from engines.errors import RecipeError
from engines.training.recipe import read_recipe
from tests.unit.engines.training.recipes import RECIPE, write_recipe


def test_an_epoch_belongs_to_its_stage(tmp_path: Path) -> None:
    recipe = read_recipe(write_recipe(tmp_path))
    assert recipe.epochs == 3
    assert [(s.name, within) for s, within in map(recipe.stage_of, range(3))] == [
        ("head", 0),
        ("all", 0),
        ("all", 1),
    ]
    with pytest.raises(RecipeError, match="3 epochs"):
        recipe.stage_of(3)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("seed = 1", "sead = 1", "'sead'"),
        ("seed = 1\n", "", "'seed' is missing"),
        ("blur = 0.2", "haze = 0.2", "augmentation: unknown key 'haze'"),
        ("epochs = 2", "epochs = 2.5", r"stages\[1\].epochs"),
        ("validation_fold = 4", "validation_fold = 5", "must differ"),
        (
            'name = "all"',
            'name = "all"\ndata = "films"',
            "learns from 'films', which other_data does not name",
        ),
        ("validation_fold = 4\n", "", "both test_fold and validation_fold"),
        ("test_fold = 5\nvalidation_fold = 4\n", "", "early_stopping would choose by what is held out"),
        ("dropout = 0.0", 'dropout = 0.0\nstored = "half"', "stored as float16 or float32, not as 'half'"),
        ("freeze = -1", 'freeze = -1\nlearns = "leison"', "learns 'leison'; it can learn: class, lesion"),
    ],
)
def test_a_wrong_recipe_is_refused_with_the_key_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    with pytest.raises(RecipeError, match=named):
        read_recipe(write_recipe(tmp_path, RECIPE.replace(old, new, 1)))


RECIPES = Path(engines.training.__file__).parent / "recipes"


@pytest.mark.parametrize(
    "path", [one for one in sorted(RECIPES.glob("*.toml")) if not one.stem.endswith(".manifest")]
)
def test_a_shipped_recipe_can_be_read(path: Path) -> None:
    assert (path.parent / read_recipe(path).manifest).is_file()


def test_two_stages_differ_from_one_by_mammography_alone() -> None:
    two, one = (read_recipe(RECIPES / f"{name}.toml") for name in ("two-stage", "one-stage"))
    assert [stage for stage in two.stages if stage.data != "mammograms"] == list(one.stages)
    assert replace(two, name=one.name, stages=one.stages, other_data=()) == one
