"""The demonstration's study: two images of a breast that never existed, as a scanner's screen shows them.

Everything is drawn from a seed, so the repository carries no image of a person and the demo needs no
download.
"""

from datetime import UTC, datetime
from uuid import UUID, uuid4, uuid5

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset

from service.cli.demo.speckle import b_mode
from service.cli.demo.tissue import BENIGN, MALIGNANT, Lesion, breast_echo_db
from service.cli.demo.ultrasound import ImageIdentity, StudyIdentity, add_region, ultrasound_image

SPACING_MM = 0.07
REGION_SHAPE = (560, 620)
"""Rows and columns of the B-mode image: 39 mm deep, 43 mm wide."""
SCREEN_SHAPE = (640, 760)
REGION_LEFT, REGION_TOP = 70, 50
FOCUS_MM = 15.0
SIDES: tuple[tuple[str, Lesion, str], ...] = (("L", BENIGN, "RGB"), ("R", MALIGNANT, "L"))
"""Laterality, lesion and Pillow mode: a scanner sends colour or gray depending on the mode it is in."""

_NAMESPACE = UUID("6f1d3c0e-6b0f-4e63-9d5a-2f6a5b1c7d10")
_FIXED_TIME = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def phantom_study(seed: int, *, fresh: bool = False) -> list[Dataset]:
    """A study of two US images, left and right breast, ready to send.

    The same seed gives the same pixels. It gives the same UIDs and date too, unless `fresh`: then the study
    is a new one, made now.
    """
    namespace = uuid4() if fresh else uuid5(_NAMESPACE, str(seed))
    study = StudyIdentity(
        study_instance_uid=_uid(namespace, "study"),
        patient_name="PHANTOM^SPECKLE",
        patient_id="PHANTOM-1",
        study_description="Speckle phantom, not a patient",
        made_at=datetime.now().astimezone() if fresh else _FIXED_TIME,
    )
    rng = np.random.default_rng(seed)
    return [
        _dataset(study, namespace, number, laterality, phantom_screen(rng, laterality, lesion, mode))
        for number, (laterality, lesion, mode) in enumerate(SIDES, start=1)
    ]


def phantom_screen(rng: np.random.Generator, laterality: str, lesion: Lesion, mode: str) -> NDArray[np.uint8]:
    """The scanner's screen: the B-mode image in a black frame with scale, gray bar and text.

    Shape (rows, columns) for the Pillow mode "L", (rows, columns, 3) for "RGB".
    """
    echo_db = breast_echo_db(rng, REGION_SHAPE, SPACING_MM, lesion)
    region = b_mode(rng, echo_db, SPACING_MM, FOCUS_MM)
    screen = np.zeros(SCREEN_SHAPE, np.uint8)
    screen[REGION_TOP : REGION_TOP + REGION_SHAPE[0], REGION_LEFT : REGION_LEFT + REGION_SHAPE[1]] = region
    screen[100:356, 20:34] = np.arange(255, -1, -1).astype(np.uint8)[:, None]
    picture = Image.fromarray(screen).convert(mode)
    _draw_frame(picture, laterality)
    return np.asarray(picture)


def _draw_frame(picture: Image.Image, laterality: str) -> None:
    """Text above, and a scale in centimetres on the right."""
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(15)
    white, yellow = ("white", "gold") if picture.mode == "RGB" else (255, 200)
    side = {"L": "LEFT", "R": "RIGHT"}[laterality]
    draw.text((REGION_LEFT, 12), f"SPECKLE PHANTOM, NOT A PATIENT    {side} BREAST", fill=yellow, font=font)
    right = REGION_LEFT + REGION_SHAPE[1]
    for millimetre in range(0, int(REGION_SHAPE[0] * SPACING_MM) + 1, 5):
        row = REGION_TOP + round(millimetre / SPACING_MM)
        is_centimetre = millimetre % 10 == 0
        draw.line((right + 6, row, right + (16 if is_centimetre else 11), row), fill=white)
        if is_centimetre:
            draw.text((right + 22, row - 9), str(millimetre // 10), fill=white, font=font)


def _dataset(
    study: StudyIdentity, namespace: UUID, number: int, laterality: str, pixels: NDArray[np.uint8]
) -> Dataset:
    # A series each, because laterality belongs to the series.
    image = ImageIdentity(
        series_instance_uid=_uid(namespace, f"series {number}"),
        sop_instance_uid=_uid(namespace, f"image {number}"),
        series_number=number,
        instance_number=1,
        laterality=laterality,
    )
    ds = ultrasound_image(study, image, pixels)
    box = (REGION_LEFT, REGION_TOP, REGION_LEFT + REGION_SHAPE[1], REGION_TOP + REGION_SHAPE[0])
    add_region(ds, box, SPACING_MM)
    return ds


def _uid(namespace: UUID, name: str) -> str:
    """A UID from a UUID (PS3.5 B.2)."""
    return f"2.25.{uuid5(namespace, name).int}"
