from pathlib import Path

import numpy as np
import pytest

from engines.errors import WeightsError
from engines.guard import Familiar, fit_familiar, read_familiar
from engines.judgement import Rate
from engines.manifest_tables import GuardFile


def textures(count: int, seed: int, shift: float = 0.0) -> np.ndarray:
    """Of 100 values, moved along a few directions of different strength, and a little noise."""
    directions = np.random.default_rng(99).normal(size=(8, 100))
    rng = np.random.default_rng(seed)
    along = rng.normal(size=(count, 8)) * np.arange(1, 9)
    noise = rng.normal(0, 0.1, (count, 100))
    return (5 + along @ directions + noise + shift * rng.normal(size=100)).astype(np.float32)


@pytest.fixture(scope="module")
def familiar() -> Familiar:
    return fit_familiar(textures(500, 0))


def test_familiar_ones_are_about_one(familiar: Familiar) -> None:
    strange = familiar.strangeness(textures(500, 1))
    assert np.median(strange) == pytest.approx(1.0, abs=0.3)
    assert np.quantile(strange, 0.99) < 3


@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_what_leaves_their_directions_is_strange(familiar: Familiar, shift: float) -> None:
    assert familiar.strangeness(textures(20, 2, shift)).min() > 3


def test_what_goes_too_far_along_them_is_strange(familiar: Familiar) -> None:
    far = familiar.mean + 20 * (textures(5, 3) - familiar.mean)
    assert familiar.strangeness(far.astype(np.float32)).min() > 5


def test_no_number_is_strangest(familiar: Familiar) -> None:
    broken = textures(2, 4)
    broken[0, 0] = np.nan
    with np.errstate(all="ignore"):
        strange = familiar.strangeness(broken)
    assert strange[0] == np.inf
    assert np.isfinite(strange[1])


def test_it_is_read_as_it_was_written(familiar: Familiar, tmp_path: Path) -> None:
    familiar.write(tmp_path / "guard.npz")
    again = read_familiar(tmp_path / "guard.npz")
    np.testing.assert_array_equal(again.strangeness(textures(9, 5)), familiar.strangeness(textures(9, 5)))
    (tmp_path / "guard.npz").write_bytes(b"torn")
    with pytest.raises(WeightsError, match="is no guard"):
        read_familiar(tmp_path / "guard.npz")


def test_few_textures_do() -> None:
    assert np.isfinite(fit_familiar(textures(5, 6)).strangeness(textures(5, 7))).all()


@pytest.mark.parametrize(
    ("file", "limit", "why"), [("../guard.npz", 3.0, "guard.file"), ("guard.npz", 0.0, "guard.limit")]
)
def test_a_manifest_that_says_nonsense_is_refused(file: str, limit: float, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        GuardFile(file, "0" * 64, limit, Rate(0.01, 0.0, 0.02), "noise")
