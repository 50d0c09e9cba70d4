"""Images in, scores and refusals out: what the worker does between the store and the ledger."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from service.dicom.frames import decode_frames, frame_count
from service.dicom.header import read_header
from service.dicom.laterality import laterality
from service.dicom.ultrasound import MIN_SIDE_PIXELS, colour_refusal, tissue_region
from service.dicom.values import text
from service.errors import NotAnalysable, Refused
from service.infer.guard import refusal
from service.infer.luma import luma
from service.infer.outline import outline
from service.infer.port import ClassifierPort, Manifest, Score
from service.study.result import AnalysedRegion, ClassifierIdentity, ImageRefusal, ImageScore

__all__ = ["Analysis", "ClassifierPort", "ScoredFrame", "analyse", "identity"]

BATCH_FRAMES = 8
"""Frames that a classifier gets at once, also of several images. More only fills the memory."""


@dataclass(frozen=True, slots=True, eq=False)
class ScoredFrame:
    """The most suspicious frame of one image.

    `score.heatmap_key` is empty: whoever stores the heatmap fills it in. `heatmap` is float32 (rows, columns)
    of the source image, 0 to 1, 0 outside the analysed region; `rgb` is uint8 (rows, columns, 3), the frame.
    """

    score: ImageScore
    heatmap: NDArray[np.float32]
    rgb: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """One score or one refusal for every image, each in the order of the images."""

    scores: tuple[ScoredFrame, ...]
    refusals: tuple[ImageRefusal, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """A frame that waits for its score."""

    sop_instance_uid: str
    header: Dataset
    number: int | None
    region: AnalysedRegion
    rgb: NDArray[np.uint8]

    @property
    def gray(self) -> NDArray[np.uint8]:
        """The analysed region in grey (rows, columns)."""
        return luma(_crop(self.rgb, self.region))


def identity(manifest: Manifest) -> ClassifierIdentity:
    """What a result says of the classifier that made it."""
    return ClassifierIdentity(
        name=manifest.name,
        version=manifest.version,
        title=manifest.title,
        weights_sha256=manifest.weights.sha256,
        threshold=manifest.operating_point.threshold,
    )


def analyse(
    images: Iterable[tuple[str, bytes]],
    classifier: ClassifierPort,
    max_frames: int,
    assume_body_part: str = "",
) -> Analysis:
    """Score every image, given as SOP Instance UID and Part 10 file, that the classifier was made for.

    `assume_body_part` is what an operator says of images whose header names no body part.
    Of a cine at most `max_frames` frames are looked at, evenly spread, and the most suspicious one is its
    score. An image that is refused has no score, even if some of its frames were fine, and touches no other.
    Raises what the classifier raises.
    """
    best: dict[str, ScoredFrame] = {}
    refusals: dict[str, ImageRefusal] = {}
    prepared = _prepare_all(images, classifier.manifest, max_frames, assume_body_part, refusals)
    while batch := list(islice(prepared, BATCH_FRAMES)):
        for frame, score in zip(batch, classifier.classify([frame.gray for frame in batch]), strict=True):
            uid = frame.sop_instance_uid
            if not math.isfinite(score.probability):
                refusals[uid] = ImageRefusal(uid, "the classifier gave no number for this image")
            elif uid not in best or score.probability > best[uid].score.probability:
                best[uid] = _scored(frame, score, classifier.manifest)
    scores = tuple(scored for uid, scored in best.items() if uid not in refusals)
    return Analysis(scores=scores, refusals=tuple(refusals.values()))


def _prepare_all(
    images: Iterable[tuple[str, bytes]],
    manifest: Manifest,
    max_frames: int,
    assume_body_part: str,
    refusals: dict[str, ImageRefusal],
) -> Iterator[_Frame]:
    """The frames of all images that are fit to be read; the others are entered in `refusals`."""
    for uid, data in images:
        try:
            yield from _prepare(uid, data, manifest, max_frames, assume_body_part)
        except Refused as refused:
            refusals[uid] = ImageRefusal(uid, str(refused))


def _prepare(
    uid: str, data: bytes, manifest: Manifest, max_frames: int, assume_body_part: str
) -> Iterator[_Frame]:
    header = read_header(data)
    reason = refusal(header, manifest.criteria, manifest.name, assume_body_part)
    if reason:
        raise NotAnalysable(reason)
    count = frame_count(header)
    indices = _spread(count, max_frames)
    blank = 0
    for index, rgb in zip(indices, decode_frames(data, indices), strict=True):
        region = _region(header, rgb)
        if np.ptp(_crop(rgb, region)) == 0:
            blank += 1  # a cine may begin or end with black frames
            continue
        yield _Frame(uid, header, index + 1 if count > 1 else None, region, rgb)
    if blank == len(indices):
        raise NotAnalysable("the image is blank")


def _region(header: Dataset, rgb: NDArray[np.uint8]) -> AnalysedRegion:
    """The region to analyse. Raises NotAnalysable where it is too small or its pixels are no B-mode."""
    rows, columns = rgb.shape[:2]
    if min(rows, columns) < MIN_SIDE_PIXELS:
        raise NotAnalysable(f"the image is too small to be read: {rows} x {columns} pixels")
    if text(header, "Modality").upper() != "US":
        return AnalysedRegion(left=0, top=0, right=columns, bottom=rows)
    region = tissue_region(header, rows, columns)
    reason = colour_refusal(_crop(rgb, region))
    if reason:
        raise NotAnalysable(reason)
    return region


def _scored(frame: _Frame, score: Score, manifest: Manifest) -> ScoredFrame:
    region = frame.region
    heatmap = np.zeros(frame.rgb.shape[:2], dtype=np.float32)
    heatmap[region.top : region.bottom, region.left : region.right] = score.heatmap
    probability = float(score.probability)
    return ScoredFrame(
        score=ImageScore(
            sop_instance_uid=frame.sop_instance_uid,
            sop_class_uid=text(frame.header, "SOPClassUID"),
            frame_number=frame.number,
            laterality=laterality(frame.header),
            probability=probability,
            positive=manifest.is_positive(probability),
            category=manifest.suggested_category(probability),
            region=region,
            heatmap_key="",
            outline=tuple((column + region.left, row + region.top) for column, row in outline(score.heatmap)),
        ),
        heatmap=heatmap,
        rgb=frame.rgb,
    )


def _spread(count: int, max_frames: int) -> list[int]:
    """At most `max_frames` of the frames 0..count - 1, evenly spread, the first and the last among them."""
    if count <= max_frames:
        return list(range(count))
    if max_frames == 1:
        return [count // 2]
    return [round(step * (count - 1) / (max_frames - 1)) for step in range(max_frames)]


def _crop(rgb: NDArray[np.uint8], region: AnalysedRegion) -> NDArray[np.uint8]:
    return rgb[region.top : region.bottom, region.left : region.right]
