"""The pixels behind a score, from the store: the frame that was scored, and its heatmap over it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.dicom.frames import decode_frames
from service.report.headers import StoredHeaders
from service.report.objects import ScoredPixels
from service.storage.store.port import InstanceStore
from service.study.result import AnalysisResult, ImageScore


class StoredPixels(Mapping[tuple[str, int | None], ScoredPixels]):
    """Loads one image when it is asked for, so that a study of any size fits into memory.

    Keys are SOP Instance UID and frame number, of the frames that count and of all with a heatmap. Asking
    raises Refused where a frame cannot be decoded any more, KeyError where the store has lost it.
    """

    def __init__(self, store: InstanceStore, result: AnalysisResult, headers: StoredHeaders) -> None:
        """`headers` of the scored instances: it has their files."""
        self._store = store
        self._scores = {
            (score.sop_instance_uid, frame.number): replace(score, heatmap_key=frame.heatmap_key)
            for score in result.scores
            for frame in score.frames
            if frame.heatmap_key
        } | {(score.sop_instance_uid, score.frame_number): score for score in result.scores}
        self._headers = headers
        self._cine: tuple[str, bytes] = "", b""

    def __getitem__(self, key: tuple[str, int | None]) -> ScoredPixels:
        score = self._scores[key]
        file = self._file(score)
        rgb = next(decode_frames(file, [(key[1] or 1) - 1]))
        return ScoredPixels(rgb, _heatmap(self._store.get(score.heatmap_key), score, rgb))

    def _file(self, score: ImageScore) -> bytes:
        """Of a cine the last one is held: its other frames are asked for next, if any is."""
        uid = score.sop_instance_uid
        if self._cine[0] == uid:
            return self._cine[1]
        file = self._headers.take_file(uid)
        self._cine = (uid, file) if score.frames else ("", b"")
        return file

    def __iter__(self) -> Iterator[tuple[str, int | None]]:
        return iter(self._scores)

    def __len__(self) -> int:
        return len(self._scores)


def _heatmap(png: bytes, score: ImageScore, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """float32 (rows, columns) of the frame, 0 to 1; 0 outside the analysed region."""
    region = score.region
    small = Image.fromarray(np.asarray(Image.open(BytesIO(png)), np.float32) / 255)
    size = region.right - region.left, region.bottom - region.top
    heatmap = np.zeros(rgb.shape[:2], np.float32)
    over_region = small.resize(size, Image.Resampling.BILINEAR)
    heatmap[region.top : region.bottom, region.left : region.right] = np.asarray(over_region)
    return heatmap
