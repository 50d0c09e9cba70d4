"""Pixels of seeded studies, and their heat, in the store where the stages leave them."""

import dataclasses
from io import BytesIO

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from service.study.result import FrameScore, ImageScore
from tests.factories import US_IMAGE
from tests.unit.worklist.builders import COLUMNS, ROWS, Seed, lesion, speckle


def keep_image(seed: Seed, image: int, frames: int = 1) -> None:
    """A gray ultrasound image, or a cine whose frames get darker one after the other."""
    with seed.ledger.read() as tx:
        received = tx.instances.find(seed.image_uid(image))
    assert received is not None
    seed.store.put(received.key, gray_image(seed, image, frames))


def keep_heat(seed: Seed, score: ImageScore) -> ImageScore:
    """The score, with heat in the store for its image or frame."""
    image = int(score.sop_instance_uid.rsplit(".", 1)[1])
    key = f"analyses/secret-{seed.number}-{image}-{score.frame_number}.png"
    buffer = BytesIO()
    Image.fromarray(np.rint(lesion(image) * 255).astype(np.uint8)).save(buffer, "PNG")
    seed.store.put(key, buffer.getvalue())
    frames = (FrameScore(score.frame_number, score.probability, key),) if score.frame_number else ()
    return dataclasses.replace(score, heatmap_key=key, frames=frames)


def gray_image(seed: Seed, image: int, frames: int) -> bytes:
    """Part 10, 8 bits, MONOCHROME2."""
    first = speckle(image)[..., 0]
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID, ds.SOPInstanceUID = US_IMAGE, seed.image_uid(image)
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.Modality = seed.uid, f"{seed.uid}.1", "US"
    ds.Rows, ds.Columns, ds.SamplesPerPixel = ROWS, COLUMNS, 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    if frames > 1:
        ds.NumberOfFrames = frames
    ds.PixelData = b"".join((first // (1 + number)).tobytes() for number in range(frames))
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
