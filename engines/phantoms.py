"""Breast ultrasound images of nobody: layers, one lesion, speckle, all drawn from a number.

They need not fool a radiologist. They must move a classifier over its whole range of probabilities, so that
two engines are compared where a difference would change a decision. The words are those of ACR BI-RADS, 5th
edition: an oval circumscribed mass at one end, an irregular spiculated one with a shadow at the other.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
_Map = NDArray[np.float64]

_SHAPES = ((192, 256), (240, 240), (256, 192), (162, 288), (240, 320))
"""(rows, columns): scanners and crops differ in size and aspect ratio."""
_DYNAMIC_RANGE_DB = 55.0
"""Decibels between black and white, a usual setting for the breast."""
_GRAY_AT_0_DB = 115.0
_SEED = 11
"""With it the first 64 spread over the probabilities of us-mass, several near its operating point."""
_DIRECTIONS = np.linspace(-np.pi, np.pi, 721)


@dataclass(frozen=True, slots=True)
class Lesion:
    """Lengths are shares of the image's rows, echoes in dB against the tissue around.

    `taller`: height over width. `irregularity`: relative size of the margin's bumps. `spicules`: rays around
    it. `behind_db`: what is added behind the lesion, below 0 for a shadow, above 0 for enhancement.
    """

    radius: float
    taller: float
    echo_db: float
    irregularity: float
    spicules: int
    blur: float
    behind_db: float


def phantom(number: int) -> Gray:
    """Phantom `number` (0 or more): gray, uint8 (rows, columns). The same number gives the same image."""
    rng = np.random.default_rng([_SEED, number])
    shape = _SHAPES[number % len(_SHAPES)]
    lesion = _lesion(rng)
    echo_db = _layers(rng, shape) + _texture(rng, shape, 12.0) * 2.5 + _texture(rng, shape, 3.0) * 1.5
    return _speckled(rng, _with_lesion(rng, echo_db, lesion))


def _lesion(rng: np.random.Generator) -> Lesion:
    """From benign (0) to malignant (1) in every respect, each with a will of its own."""
    suspicion = rng.uniform() ** 2
    along = np.clip(suspicion + rng.normal(0, 0.15, 6), 0, 1)
    return Lesion(
        radius=rng.uniform(0.08, 0.26),
        taller=0.5 + 0.8 * along[0],
        echo_db=-20 + 6 * along[1],
        irregularity=0.01 + 0.16 * along[2],
        spicules=round(16 * along[3]),
        blur=0.02 + 0.1 * along[4],
        behind_db=8 - 22 * along[5],
    )


def _layers(rng: np.random.Generator, shape: tuple[int, int]) -> _Map:
    """Skin, fat, gland, muscle, each darker or brighter than the next, with wavy borders between."""
    depth = np.linspace(0, 1, shape[0])[:, None] + 0.02 * _texture(rng, shape, 25.0)
    echo_db = np.full(shape, 6.0)
    for border, change_db in ((0.04, -14.0), (rng.uniform(0.12, 0.28), 10.0), (rng.uniform(0.75, 0.9), -9.0)):
        echo_db += change_db / (1 + np.exp(-(depth - border) / 0.008))
    return echo_db


def _with_lesion(rng: np.random.Generator, echo_db: _Map, lesion: Lesion) -> _Map:
    rows, columns = np.indices(echo_db.shape) / echo_db.shape[0]
    middle = echo_db.shape[1] / echo_db.shape[0] / 2
    y = (rows - rng.uniform(0.4, 0.55)) / (lesion.radius * np.sqrt(lesion.taller))
    x = (columns - middle - rng.uniform(-0.1, 0.1)) / (lesion.radius / np.sqrt(lesion.taller))
    angle = np.arctan2(y, x)
    distance = np.hypot(x, y) * (1 + np.interp(angle, _DIRECTIONS, _margin(rng, lesion.irregularity)))
    inside = 1 / (1 + np.exp(np.clip((distance - 1) / lesion.blur, -50, 50)))
    rays = np.interp(angle, _DIRECTIONS, _rays(rng, lesion.spicules)) * np.exp(
        -(((distance - 1) / 0.45) ** 2)
    )
    behind = (np.abs(x) < 1) * (y > 0) * (1 - inside) * np.sqrt(np.clip(1 - x**2, 0, 1))
    around_db = echo_db - 10 * rays + lesion.behind_db * behind
    with_lesion: _Map = around_db * (1 - inside) + lesion.echo_db * inside
    return with_lesion


def _margin(rng: np.random.Generator, irregularity: float) -> NDArray[np.float64]:
    """Relative change of the radius in each of `_DIRECTIONS`: waves, smaller the faster they go."""
    phases = rng.uniform(0, 2 * np.pi, 9)
    waves = [np.cos(k * _DIRECTIONS + phase) / k**0.7 for k, phase in enumerate(phases, start=2)]
    change: NDArray[np.float64] = irregularity * np.sum(waves, axis=0)
    return change


def _rays(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Strength, 0 to 1, of narrow rays at random angles, in each of `_DIRECTIONS`."""
    angles = rng.uniform(-np.pi, np.pi, (count, 1))
    rays: NDArray[np.float64] = np.exp((np.cos(_DIRECTIONS - angles) - 1) / 0.008).max(axis=0, initial=0.0)
    return rays


def _speckled(rng: np.random.Generator, echo_db: _Map) -> Gray:
    """Envelope of many random scatterers, compressed to decibels (Wagner et al., IEEE T-SU 30(3), 1983)."""
    scatterers = (_texture(rng, echo_db.shape, 0.9) ** 2 + _texture(rng, echo_db.shape, 0.9) ** 2) / 2
    power_db = echo_db + 10 * np.log10(scatterers + 0.03)
    gray = _GRAY_AT_0_DB + power_db * 255 / _DYNAMIC_RANGE_DB
    image: Gray = np.clip(np.rint(gray), 0, 255).astype(np.uint8)
    return image


def _texture(rng: np.random.Generator, shape: tuple[int, ...], sigma: float) -> _Map:
    """Gaussian noise that is alike over `sigma` pixels down and twice that across; mean 0, deviation 1."""
    down, across = np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1])[None, :]
    response = np.exp(-2 * np.pi**2 * sigma**2 * (down**2 + 4 * across**2))
    noise = np.fft.ifft2(np.fft.fft2(rng.standard_normal(shape)) * response).real
    texture: _Map = (noise - noise.mean()) / noise.std()
    return texture
