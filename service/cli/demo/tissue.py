"""An invented breast: layers of tissue and one lesion, as a map of how strongly each point echoes.

What the two lesions look like follows the words of ACR BI-RADS (5th edition, ultrasound): one is oval,
parallel, circumscribed, hypoechoic, with enhancement behind it; the other irregular, not parallel,
spiculated, with shadowing. They are drawings for a demonstration, and no classifier is tested on them.
"""

from dataclasses import dataclass

import numpy as np

from service.cli.demo.speckle import FloatImage, ridges, smooth, smooth_noise

Shape = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Lesion:
    """One lesion. Depth counts from the skin, the lateral position from the left edge of the image.

    `irregularity` is the relative size of bumps of the margin, `spicules` the number of rays around it.
    `attenuation_db_per_mm` is relative to the tissue around: below 0 the region behind is enhanced, above 0
    it lies in shadow. `texture_db` is the standard deviation of the echoes inside.
    """

    lateral_mm: float
    depth_mm: float
    width_mm: float
    height_mm: float
    echo_db: float
    texture_db: float
    rim_db: float
    irregularity: float
    spicules: int
    attenuation_db_per_mm: float


BENIGN = Lesion(
    lateral_mm=20.5,
    depth_mm=14.0,
    width_mm=15.0,
    height_mm=7.6,
    echo_db=-17.0,
    texture_db=0.8,
    rim_db=5.0,
    irregularity=0.025,
    spicules=0,
    attenuation_db_per_mm=-0.9,
)
MALIGNANT = Lesion(
    lateral_mm=23.5,
    depth_mm=15.0,
    width_mm=8.6,
    height_mm=12.0,
    echo_db=-15.0,
    texture_db=3.0,
    rim_db=7.0,
    irregularity=0.15,
    spicules=14,
    attenuation_db_per_mm=0.85,
)


def breast_echo_db(rng: np.random.Generator, shape: Shape, spacing_mm: float, lesion: Lesion) -> FloatImage:
    """How strongly each point echoes, in dB with glandular tissue at 0, shape (rows, columns)."""
    depth_mm = np.arange(shape[0])[:, None] * spacing_mm + np.zeros(shape)
    echo_db = _layers(rng, depth_mm, spacing_mm)
    echo_db, inside = _with_lesion(rng, echo_db, spacing_mm, lesion)
    echo_db = echo_db + _behind(inside, spacing_mm, lesion)
    # What the depth compensation of a scanner leaves over.
    return echo_db - 0.55 * np.maximum(depth_mm - 20.0, 0) + smooth_noise(rng, shape, 90, 60)


def _layers(rng: np.random.Generator, depth_mm: FloatImage, spacing_mm: float) -> FloatImage:
    """Skin, fat, glandular tissue, fat, pectoral muscle and what is behind it, with wavy borders between."""
    shape, mm = (depth_mm.shape[0], depth_mm.shape[1]), 1 / spacing_mm
    lobules = smooth_noise(rng, shape, 1.5 * mm, 3.5 * mm)
    streaks = smooth_noise(rng, shape, 0.45 * mm, 2.6 * mm)
    fibres = smooth_noise(rng, shape, 0.25 * mm, 6.0 * mm)
    fine = smooth_noise(rng, shape, 0.25 * mm, 1.2 * mm)
    fat = -13 + 1.5 * lobules + 1.5 * fine + 13 * ridges(lobules, 0.12) + 7 * ridges(streaks, 0.12)
    gland = -1 + 3.5 * streaks + 2.5 * lobules + 2.5 * fine + 6 * ridges(streaks, 0.15)
    muscle = -11 + 2 * fine + 8 * ridges(fibres, 0.2)
    flat, wavy, very_wavy = 0.06, 0.5, 1.1  # standard deviation of a border in mm: a probe flattens the skin
    echo_db = 10 + np.zeros(shape)
    below = (  # depth of the border above in mm, its waviness, echoes of the layer
        (0.25, flat, -1 + fine),
        (1.2, flat, 8 + fine),
        (1.5, flat, fat),
        (8.0, very_wavy, gland),
        (24.0, wavy, fat - 2),
        (26.5, wavy, 5 + 3 * streaks),
        (27.0, wavy, muscle),
        (33.0, wavy, 3 + 3 * streaks),
        (33.6, wavy, muscle - 4),
    )
    for border_mm, waviness_mm, layer_db in below:
        wave_mm = border_mm + waviness_mm * smooth_noise(rng, (1, shape[1]), 0, 5 * mm)
        echo_db = _blend(echo_db, layer_db, (depth_mm - wave_mm) / 0.08)
    return echo_db


def _with_lesion(
    rng: np.random.Generator, echo_db: FloatImage, spacing_mm: float, lesion: Lesion
) -> tuple[FloatImage, FloatImage]:
    """The map with the lesion drawn in, and how far each point is inside it, 0 to 1."""
    shape, mm = (echo_db.shape[0], echo_db.shape[1]), 1 / spacing_mm
    rows, columns = np.indices(shape)
    x = (columns * spacing_mm - lesion.lateral_mm) / (lesion.width_mm / 2)
    z = (rows * spacing_mm - lesion.depth_mm) / (lesion.height_mm / 2)
    angle = np.arctan2(z, x)
    # 1 on the margin. The noise wobbles the margin; an angle makes it smooth where the lesion is small.
    radius = np.hypot(x, z) * (1 + _bumps(rng, angle, lesion.irregularity))
    inside = 1 / (1 + np.exp((radius - 1) / 0.025))
    rays = _rays(rng, angle, lesion.spicules) * np.exp(-(((radius - 1) / 0.5) ** 2))
    rim = np.exp(-(((radius - 1.08) / (0.05 + lesion.irregularity)) ** 2))
    around_db = echo_db + lesion.rim_db * rim * (1 - rays) - 13 * rays
    within_db = lesion.echo_db + lesion.texture_db * smooth_noise(rng, shape, 0.5 * mm, 0.8 * mm)
    return around_db * (1 - inside) + within_db * inside, inside


def _bumps(rng: np.random.Generator, angle: FloatImage, size: float) -> FloatImage:
    """Relative change of the radius by angle: a sum of waves of random phase, smaller the faster they go."""
    phases = rng.uniform(0, 2 * np.pi, 12)
    waves = [np.cos(k * angle + phase) / (k - 1) ** 0.8 for k, phase in enumerate(phases, start=2)]
    bumps: FloatImage = size * np.sum(waves, axis=0)
    return bumps


def _rays(rng: np.random.Generator, angle: FloatImage, count: int) -> FloatImage:
    """Narrow rays at random angles, 0 to 1."""
    rays = np.zeros_like(angle)
    for direction in rng.uniform(-np.pi, np.pi, count):
        width = rng.uniform(0.05, 0.12)
        rays = np.maximum(rays, np.exp((np.cos(angle - direction) - 1) / width**2))
    return rays


def _behind(inside: FloatImage, spacing_mm: float, lesion: Lesion) -> FloatImage:
    """What the lesion does to the echoes behind it, in dB: the beam has passed so many mm of it."""
    path_mm = np.cumsum(inside, axis=0) * spacing_mm
    path_mm = smooth(path_mm, 0, 0.5 / spacing_mm)
    return -lesion.attenuation_db_per_mm * path_mm


def _blend(above: FloatImage, below: FloatImage, distance: FloatImage) -> FloatImage:
    weight = 1 / (1 + np.exp(-np.clip(distance, -30, 30)))
    return above * (1 - weight) + below * weight
