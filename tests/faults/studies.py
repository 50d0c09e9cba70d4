"""Small ultrasound studies that the shipped classifier reads, each with pixels of its own."""

import hashlib
import random
from dataclasses import dataclass

import numpy as np

from engines.phantoms import phantom
from tests.fakes.datasets import IMPLICIT_VR_LE, encoded, us_dataset

IMAGES = 2
_DRAWN = phantom(8)
"""An image that the classifier's guard takes for ultrasound of a breast."""


@dataclass(frozen=True, slots=True)
class Image:
    """One instance: its dataset in Implicit VR Little Endian, and the SHA-256 of its pixels."""

    uid: str
    data: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class SmallStudy:
    """What a scanner sends."""

    uid: str
    images: tuple[Image, ...]


def small_study(rng: random.Random, images: int = IMAGES) -> SmallStudy:
    """A new study. The same `rng` gives the same study, UIDs too."""
    study_uid, series_uid = _uid(rng), _uid(rng)
    return SmallStudy(study_uid, tuple(_image(rng, study_uid, series_uid) for _ in range(images)))


def _image(rng: random.Random, study_uid: str, series_uid: str) -> Image:
    uid, noise = _uid(rng), np.frombuffer(rng.randbytes(_DRAWN.size), np.uint8).reshape(_DRAWN.shape)
    pixels = (_DRAWN // 2 * 2 + noise % 2).tobytes()
    ds = us_dataset(
        StudyInstanceUID=study_uid,
        SeriesInstanceUID=series_uid,
        SOPInstanceUID=uid,
        BodyPartExamined="BREAST",
        Rows=_DRAWN.shape[0],
        Columns=_DRAWN.shape[1],
        PixelData=pixels,
    )
    return Image(uid, encoded(ds, IMPLICIT_VR_LE), hashlib.sha256(pixels).hexdigest())


def _uid(rng: random.Random) -> str:
    return f"2.25.{rng.getrandbits(127)}"
