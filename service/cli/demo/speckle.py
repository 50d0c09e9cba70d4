"""Ultrasound speckle from first principles: random scatterers, a point spread, an envelope, its logarithm.

Source: R. F. Wagner et al., "Statistics of Speckle in Ultrasound B-Scans", IEEE Transactions on Sonics and
Ultrasonics 30(3), 1983: many scatterers in one resolution cell give an envelope with a Rayleigh distribution.
"""

import numpy as np
from numpy.typing import NDArray

FloatImage = NDArray[np.float64]
ComplexImage = NDArray[np.complex128]

DYNAMIC_RANGE_DB = 54.0
"""Decibels between black and white, a usual setting for the breast."""
REFERENCE_GRAY = 112.0
"""Gray value of tissue at 0 dB."""
LOOKS = 3
"""Images from different beam angles that are averaged (spatial compounding), as scanners do."""
NOISE_FLOOR_DB = -34.0
"""Electronic noise: what the deepest part of an image shows."""


def smooth(image: FloatImage, sigma_rows: float, sigma_columns: float) -> FloatImage:
    """`image` (rows, columns) under a Gaussian of the given standard deviations in pixels.

    The image is taken as periodic, which random texture does not show.
    """
    return _gaussian(image, sigma_rows, sigma_columns).real


def smooth_noise(
    rng: np.random.Generator, shape: tuple[int, int], sigma_rows: float, sigma_columns: float
) -> FloatImage:
    """Gaussian noise of this correlation length in pixels, mean 0 and standard deviation 1."""
    noise = smooth(rng.standard_normal(shape), sigma_rows, sigma_columns)
    standardised: FloatImage = (noise - noise.mean()) / noise.std()
    return standardised


def ridges(noise: FloatImage, width: float) -> FloatImage:
    """Thin winding lines, 0 to 1: where smooth noise crosses zero. They pass for septa and ligaments."""
    lines: FloatImage = np.exp(-((noise / width) ** 2))
    return lines


def b_mode(
    rng: np.random.Generator, echo_db: FloatImage, spacing_mm: float, focus_mm: float
) -> NDArray[np.uint8]:
    """The B-mode image of tissue whose echoes are `echo_db`, shape (rows, columns), 0 dB for gland.

    The beam is narrow at `focus_mm` and wide away from it; along the beam the pulse is always short.
    """
    depth_mm = np.arange(echo_db.shape[0])[:, None] * spacing_mm
    in_focus = np.exp(-(((depth_mm - focus_mm) / 12.0) ** 2))
    looks = [_power(rng, echo_db, spacing_mm, in_focus) for _ in range(LOOKS)]
    noise = 10 ** (NOISE_FLOOR_DB / 10) * np.exp(0.4 * rng.standard_normal(echo_db.shape))
    power_db = 10 * np.log10(np.mean(looks, axis=0) + noise)
    gray = REFERENCE_GRAY + power_db * 255 / DYNAMIC_RANGE_DB
    image: NDArray[np.uint8] = np.clip(np.rint(gray), 0, 255).astype(np.uint8)
    return image


def _power(
    rng: np.random.Generator, echo_db: FloatImage, spacing_mm: float, in_focus: FloatImage
) -> FloatImage:
    """Echo power of one look at the tissue: new scatterers, narrow beam in focus and wide beam elsewhere."""
    below = round(1.0 / spacing_mm)  # empty rows, because smoothing would bring the skin round to the bottom
    scatterers = rng.standard_normal(echo_db.shape) + 1j * rng.standard_normal(echo_db.shape)
    scatterers = np.pad(scatterers * 10 ** (echo_db / 20), ((0, below), (0, 0)))
    narrow = _point_spread(scatterers, 0.10 / spacing_mm, 0.20 / spacing_mm)[:-below]
    wide = _point_spread(scatterers, 0.13 / spacing_mm, 0.40 / spacing_mm)[:-below]
    power: FloatImage = np.abs(np.sqrt(in_focus) * narrow + np.sqrt(1 - in_focus) * wide) ** 2
    return power


def _point_spread(scatterers: ComplexImage, sigma_rows: float, sigma_columns: float) -> ComplexImage:
    """Scatterers as the beam sees them, scaled so that white noise of variance 2 comes out with power 1."""
    amplitude = (2 * np.pi * sigma_rows * sigma_columns) ** -0.5
    spread: ComplexImage = _gaussian(scatterers, sigma_rows, sigma_columns) / amplitude
    return spread


def _gaussian(image: FloatImage | ComplexImage, sigma_rows: float, sigma_columns: float) -> ComplexImage:
    rows = np.fft.fftfreq(image.shape[0])[:, None]
    columns = np.fft.fftfreq(image.shape[1])[None, :]
    response = np.exp(-2 * np.pi**2 * ((sigma_rows * rows) ** 2 + (sigma_columns * columns) ** 2))
    smoothed: ComplexImage = np.fft.ifft2(np.fft.fft2(image) * response)
    return smoothed
