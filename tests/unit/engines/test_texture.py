from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.data import get_testdata_file

from engines.data.bus_bra import bus_bra_folds
from engines.data.busi import busi
from engines.data.examples import Example, read_pixels
from engines.data.mini_mias import mini_mias_folds
from engines.guard import FILE, Familiar, fit_familiar, read_familiar
from engines.phantoms import phantom
from engines.progress import silent
from engines.texture import VALUES, Textures, texture
from engines.training.guarding import fit_guard_of, look_at

NOISE = np.random.default_rng(0).integers(0, 256, (200, 300), dtype=np.uint8)


@pytest.fixture(scope="module")
def familiar() -> Familiar:
    return fit_familiar(np.stack([texture(phantom(number)) for number in range(80)]))


def strangeness(familiar: Familiar, gray: np.ndarray) -> float:
    return float(familiar.strangeness(texture(gray)[None])[0])


def test_its_length_is_told() -> None:
    assert texture(NOISE).shape == (VALUES,)
    assert texture(NOISE).dtype == np.float32


@pytest.mark.parametrize("shape", [(16, 16), (16, 900), (3000, 20)])
def test_an_image_of_any_shape_has_one(shape: tuple[int, int]) -> None:
    assert np.isfinite(texture(np.full(shape, 7, np.uint8))).all()


def test_an_image_made_larger_keeps_its_texture() -> None:
    gray = phantom(3)
    larger = np.asarray(Image.fromarray(gray).resize((2 * gray.shape[1], 2 * gray.shape[0])))
    other = texture(phantom(4))
    assert np.abs(texture(larger) - texture(gray)).mean() < 0.5 * np.abs(other - texture(gray)).mean()


def test_more_images_of_the_same_kind_are_familiar(familiar: Familiar) -> None:
    more = [strangeness(familiar, phantom(number)) for number in range(200, 220)]
    assert np.median(more) < 2


@pytest.mark.parametrize(
    "gray",
    [
        NOISE,
        np.zeros((300, 400), np.uint8),
        np.full((300, 400), 255, np.uint8),
        np.tile(np.arange(256, dtype=np.uint8), (200, 1)),
        np.ascontiguousarray(np.rot90(phantom(300))),
        np.asarray(Image.fromarray(phantom(301)).resize((24, 18)).resize((256, 192))),
    ],
    ids=["noise", "blank", "white", "a ramp of grays", "turned on its side", "blurred"],
)
def test_other_kinds_are_strange(familiar: Familiar, gray: np.ndarray) -> None:
    usual = max(strangeness(familiar, phantom(number)) for number in range(200, 220))
    assert strangeness(familiar, gray) > 1.2 * usual


@pytest.fixture(scope="module")
def guard(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Textures], float]:
    """Share that a guard refuses which knows every fourth image of one hospital."""
    folds = {number: one[::4] for number, one in bus_bra_folds(data_folder / "bus-bra").items()}
    folder = tmp_path_factory.mktemp("guard")
    limit = fit_guard_of(folds, folder, "here", silent).limit
    familiar = read_familiar(folder / FILE)
    return lambda textures: float((familiar.strangeness(textures) > limit).mean())


def test_another_hospitals_images_pass(guard: Callable[[Textures], float], data_folder: Path) -> None:
    elsewhere = look_at(busi(data_folder / "busi")[::3], silent)
    assert guard(elsewhere.whole) <= 0.05
    assert guard(elsewhere.parts) <= 0.15


def test_mammograms_do_not_pass(guard: Callable[[Textures], float], data_folder: Path) -> None:
    films = [one for fold in mini_mias_folds(data_folder / "mini-mias").values() for one in fold]
    cut = np.stack([texture(around(one)) for one in films if one.mask is not None])
    assert guard(look_at(films, silent).whole) >= 0.95
    assert guard(cut) >= 0.95


def test_ultrasound_of_other_organs_and_other_modalities_do_not_pass(
    guard: Callable[[Textures], float],
) -> None:
    others = [texture(gray) for gray in not_of_a_breast()]
    assert len(others) >= 6
    assert guard(np.stack(others)) == 1


def not_of_a_breast() -> Iterator[np.ndarray]:
    """What comes with pydicom: three ultrasound examinations, CT, MR."""
    names = ("examples_rgb_color", "examples_palette", "examples_jpeg2k", "examples_ybr_color")
    for name in (*names, "CT_small", "MR_small"):
        path = get_testdata_file(f"{name}.dcm", download=False)
        if path is None:
            continue
        ds = dcmread(path)
        pixels = ds.pixel_array[0] if "NumberOfFrames" in ds else ds.pixel_array
        gray = pixels.astype(float)
        gray = gray.mean(-1) if gray.ndim == 3 else gray
        yield ((gray - gray.min()) / np.ptp(gray) * 255).astype(np.uint8)


def around(film: Example) -> np.ndarray:
    """The mass with as much around it, as a lesion would be cut out by hand."""
    pixels = read_pixels(film)
    rows, columns = np.nonzero(pixels.mask)
    half = max(40, int(np.ptp(rows)))
    row, column = max(half, int(rows.mean())), max(half, int(columns.mean()))
    return np.ascontiguousarray(pixels.gray[row - half : row + half, column - half : column + half])
