"""Heatmaps as PNG, made from the Secondary Capture objects in the store: what is shown is what was sent."""

from functools import lru_cache
from io import BytesIO

from PIL import Image

from service.dicom.frames import decode_frames
from service.dicom.header import read_header
from service.dicom.values import integer, items, text
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.deliveries import StoredObject
from service.storage.store.port import InstanceStore

THUMBNAIL_PX = 320
"""Longer side of a thumbnail: sharp at 160 CSS pixels on a screen of double density."""
_THUMBNAILS = 256
_SOURCES = 4096

Source = tuple[str, int | None]
"""SOP Instance UID of an image and the number of its frame, None for a single-frame image."""


class Heatmaps:
    """Finds and renders heatmaps. Objects never change under their key, so thumbnails are kept in memory."""

    def __init__(self, ledger: Ledger, store: InstanceStore) -> None:
        self._ledger = ledger
        self._store = store
        self._thumbnail = lru_cache(maxsize=_THUMBNAILS)(self._render_thumbnail)
        self._source = lru_cache(maxsize=_SOURCES)(self._read_source)

    def find(self, study_instance_uid: str, source: Source, classifier: str | None) -> StoredObject | None:
        """The newest heatmap that has this UID itself, or that was made from this image or frame.

        `classifier` None means any. Raises KeyError where the store has lost an object.
        """
        with self._ledger.read() as tx:
            objects = tx.deliveries.objects_of(study_instance_uid)
        heatmaps = [
            stored
            for stored in sorted(objects, key=lambda stored: stored.revision, reverse=True)
            if stored.kind == "heatmap" and classifier in (None, stored.classifier)
        ]
        named = (stored for stored in heatmaps if stored.sop_instance_uid == source[0])
        made_from = (stored for stored in heatmaps if self._source(stored.key) == source)
        return next(named, None) or next(made_from, None)

    def thumbnail(self, heatmap: StoredObject) -> bytes:
        """A PNG whose longer side has at most THUMBNAIL_PX pixels. Raises as `full`."""
        return self._thumbnail(heatmap.key)

    def full(self, heatmap: StoredObject) -> bytes:
        """A PNG of the object's rows and columns.

        Raises KeyError where the store has lost the object, NotDicom or UnsupportedPixels for a damaged one.
        """
        return _png(self._image(heatmap.key))

    def _render_thumbnail(self, key: str) -> bytes:
        image = self._image(key)
        image.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.LANCZOS)
        return _png(image)

    def _image(self, key: str) -> Image.Image:
        (rgb,) = decode_frames(self._store.get(key), [0])
        return Image.fromarray(rgb)

    def _read_source(self, key: str) -> Source | None:
        """The image that the object names as its source (PS3.3 C.12.4.1.1)."""
        with self._store.open(key) as file:
            header = read_header(file)
        for source in items(header, "SourceImageSequence"):
            return text(source, "ReferencedSOPInstanceUID"), integer(source, "ReferencedFrameNumber")
        return None


def _png(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format="PNG", compress_level=3)
    return buffer.getvalue()
