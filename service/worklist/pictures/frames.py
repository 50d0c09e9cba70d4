"""Frames of received images as PNG."""

import threading
from collections import OrderedDict
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset

from service.dicom.colour_map import coloured
from service.dicom.frames import decode_frames, frame_count
from service.dicom.header import read_dataset, read_header
from service.storage.store.port import InstanceStore

_KEPT = 2
"""Images in memory: whoever plays a cine asks for one frame after the other."""


class Frames:
    """Reads images from the store. Used by several threads."""

    def __init__(self, store: InstanceStore) -> None:
        self._store = store
        self._kept: OrderedDict[str, Dataset] = OrderedDict()
        self._lock = threading.Lock()

    def count(self, key: str) -> int:
        """How many frames the image has. Raises KeyError where the store has none, NotDicom."""
        with self._store.open(key) as file:
            return frame_count(read_header(file))

    def png(self, key: str, number: int) -> bytes:
        """Frame `number`, from 1, as it is displayed: gray or RGB PNG of the image's rows and columns.

        Raises KeyError where the store has no such image, NotDicom, UnsupportedPixels.
        """
        (rgb,) = decode_frames(self._dataset(key), [number - 1])
        is_gray = bool(np.array_equal(rgb[..., 0], rgb[..., 1]) and np.array_equal(rgb[..., 0], rgb[..., 2]))
        return _png(rgb[..., 0] if is_gray else rgb)

    def heat(self, key: str) -> bytes:
        """A kept heatmap as PNG with colours and opacity. Raises KeyError."""
        with Image.open(BytesIO(self._store.get(key))) as picture:
            return _png(coloured(np.asarray(picture.convert("L"), np.uint8)))

    def _dataset(self, key: str) -> Dataset:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        ds = read_dataset(self._store.get(key))
        with self._lock:
            self._kept[key] = ds
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return ds


def _png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()
