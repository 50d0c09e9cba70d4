"""Synthetic objects to send: drawn noise without any patient, under new UIDs each time they are sent."""

import os
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

_HEAD_BYTES = 4096
"""Every UID of a drawn object lies in front of its pixels, within so many bytes."""
_UIDS_OF_AN_OBJECT = 4
"""Media Storage SOP Instance UID, SOP Instance UID, Study and Series Instance UID."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is drawn. `bits` is Bits Allocated."""

    name: str
    modality: str
    sop_class_uid: str
    shape: tuple[int, int]
    samples: int
    bits: int
    frames: int = 1

    @property
    def pixel_bytes(self) -> int:
        """Bytes of Pixel Data in one object."""
        rows, columns = self.shape
        return rows * columns * self.samples * self.bits // 8 * self.frames


CT = Kind("CT", "CT", "1.2.840.10008.5.1.4.1.1.2", (512, 512), 1, 16)
US = Kind("US", "US", "1.2.840.10008.5.1.4.1.1.6.1", (768, 1024), 3, 8)
SMALL = Kind("small", "US", "1.2.840.10008.5.1.4.1.1.6.1", (64, 64), 1, 8)


def multi_frame(frames: int) -> Kind:
    """A US multi-frame of 2.4 MB a frame."""
    return Kind("multi-frame", "US", "1.2.840.10008.5.1.4.1.1.3.1", US.shape, 3, 8, frames)


class Objects:
    """Files of one study. `renew` gives it and everything in it new UIDs of the same length, in place."""

    def __init__(self, token: str, files: tuple[Path, ...]) -> None:
        self.files = files
        self._token = token
        self._number = 0
        self._offsets = {path: _offsets(path, token) for path in files}

    @classmethod
    def draw(cls, kind: Kind, count: int, folder: Path) -> Self:
        """Draw `count` objects into files under `folder`, which is made."""
        folder.mkdir(parents=True)
        token = str(random.SystemRandom().randrange(10**19, 10**20))
        rng = np.random.default_rng(count)
        paths = []
        for number in range(count):
            paths.append(folder / f"{number:04d}.dcm")
            _dataset(kind, token, number, rng).save_as(paths[-1], enforce_file_format=True)
        return cls(token, tuple(paths))

    @property
    def study_instance_uid(self) -> str:
        """The study's UID since the last `renew`."""
        return _uid(self._token, self._number, 0)

    @property
    def size_bytes(self) -> int:
        """Bytes of all files."""
        return sum(path.stat().st_size for path in self.files)

    def renew(self) -> None:
        """A receiver that has seen these objects takes them for new ones from now on."""
        self._number += 1
        digits = f"{self._number:06d}".encode("ascii")
        for path, offsets in self._offsets.items():
            descriptor = os.open(path, os.O_WRONLY)
            try:
                for offset in offsets:
                    os.pwrite(descriptor, digits, offset)
            finally:
                os.close(descriptor)


def _uid(token: str, renewed: int, item: int) -> str:
    return f"2.25.{token}{renewed:06d}{item:06d}"


def _offsets(path: Path, token: str) -> list[int]:
    """Where the six digits are that `renew` writes."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    mark, offsets, found = token.encode("ascii"), [], -1
    while (found := head.find(mark, found + 1)) >= 0:
        offsets.append(found + len(mark))
    if len(offsets) != _UIDS_OF_AN_OBJECT:
        raise ValueError(f"{path} has {len(offsets)} UIDs in its first {_HEAD_BYTES} bytes, not 4")
    return offsets


def _dataset(kind: Kind, token: str, number: int, rng: np.random.Generator) -> Dataset:
    ds = Dataset()
    ds.SOPClassUID, ds.Modality = kind.sop_class_uid, kind.modality
    ds.StudyInstanceUID, ds.SeriesInstanceUID = _uid(token, 0, 0), _uid(token, 0, 1)
    ds.SOPInstanceUID, ds.InstanceNumber = _uid(token, 0, 2 + number), str(number + 1)
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = "DRAWN^NOISE", "NOBODY", "", ""
    ds.StudyDate, ds.StudyTime, ds.StudyID, ds.AccessionNumber = "20260101", "120000", "1", ""
    _add_pixels(ds, kind, rng)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return ds


def _add_pixels(ds: Dataset, kind: Kind, rng: np.random.Generator) -> None:
    ds.Rows, ds.Columns = kind.shape
    ds.SamplesPerPixel, ds.BitsAllocated, ds.PixelRepresentation = kind.samples, kind.bits, 0
    ds.BitsStored = min(kind.bits, 12)
    ds.HighBit = ds.BitsStored - 1
    ds.PhotometricInterpretation = "RGB" if kind.samples > 1 else "MONOCHROME2"
    if kind.samples > 1:
        ds.PlanarConfiguration = 0
    if kind.frames > 1:
        ds.NumberOfFrames = str(kind.frames)
    values = kind.pixel_bytes * 8 // kind.bits
    stored = np.uint16 if kind.bits > 8 else np.uint8
    ds.PixelData = rng.integers(0, 2**ds.BitsStored, values, dtype=stored).tobytes()
    ds["PixelData"].VR = "OW" if kind.bits > 8 else "OB"
