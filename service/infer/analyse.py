"""A study's images to scores and refusals: read on a pool, scored in shared batches, answered in order."""

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import nullcontext
from dataclasses import dataclass

from service.dicom.laterality import laterality
from service.dicom.quiet import quiet
from service.dicom.ultrasound import spacing_mm
from service.dicom.values import text
from service.errors import NotAnalysable, Refused, Unfamiliar
from service.infer.companion import CompanionFrame
from service.infer.heatmap import Heatmap, heatmap_of, picture_of
from service.infer.image import Frame, Reading, gray_frames, open_image
from service.infer.lesion import SpacingMm, lesion_of
from service.infer.port import ClassifierPort, Manifest, PendingScore, Score
from service.study.result import (
    AnalysedRegion,
    ClassifierIdentity,
    CompanionImage,
    FrameScore,
    ImageRefusal,
    ImageScore,
)
from service.telemetry.metrics.analysing import IMAGES, READ_SECONDS
from service.telemetry.traces.port import NOTHING
from service.telemetry.traces.spans import READ, SCORE
from service.telemetry.traces.tracing import TRACES

LOOK_AHEAD = 4
"""Images of one study that are read before the first of them is scored. It bounds the memory."""

MOST_TRACED = 32
"""Images of one analysis that have spans of their own in its trace."""

Load = Callable[[], bytes]


@dataclass(frozen=True, slots=True, eq=False)
class ScoredFrame:
    """The most suspicious frame of one image, and the heatmaps of all frames by their numbers. Whoever stores
    them fills in the keys in `score`.
    """

    score: ImageScore
    heatmap: Heatmap
    frames: dict[int, Heatmap]


@dataclass(frozen=True, slots=True, eq=False)
class _Submitted:
    """A frame on its way through the network, perhaps with a companion; its pixels are there already."""

    number: int | None
    region: AnalysedRegion
    companion: CompanionImage | None
    pending: PendingScore


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """An image whose frames have been submitted."""

    sop_class_uid: str
    laterality: str
    spacing_mm: SpacingMm | None
    frames: tuple[_Submitted, ...]


_Waiting = tuple[str, Future[_Read], bool]
"""SOP Instance UID, the image to come, and whether it is traced."""


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
    images: Iterable[tuple[str, Load]],
    classifier: ClassifierPort,
    pool: Executor,
    reading: Reading,
    urgent: bool = False,
    companions: Sequence[CompanionFrame] = (),
) -> Iterator[ScoredFrame | ImageRefusal]:
    """The score or the refusal of every image, in order, as soon as it is there.

    An image is its SOP Instance UID and what loads its Part 10 file, which is called on `pool`. One that is
    refused has no score, even if some of its frames were fine, and touches no other. Each frame is judged
    together with each of the companions, where there are any. Raises what loading raises, and EngineLost.
    """
    waiting: deque[_Waiting] = deque()
    traced = TRACES.carried(_read)
    try:
        for number, (uid, load) in enumerate(images):
            is_traced = number < MOST_TRACED
            read = traced if is_traced else _read
            future = pool.submit(read, load, classifier, reading, urgent, companions)
            waiting.append((uid, future, is_traced))
            if len(waiting) >= LOOK_AHEAD:
                yield _outcome(*waiting.popleft(), classifier.manifest)
        while waiting:
            yield _outcome(*waiting.popleft(), classifier.manifest)
    finally:
        for _, future, _ in waiting:
            future.cancel()


def _read(
    load: Load,
    classifier: ClassifierPort,
    reading: Reading,
    urgent: bool,
    companions: Sequence[CompanionFrame],
) -> _Read:
    """Runs on the pool: decode, prepare and submit every frame of one image."""
    began = time.monotonic()
    with TRACES.part(READ) as span, quiet():  # once for all attributes, not for each
        data = load()
        span.set(bytes=len(data))
        ds = open_image(data, classifier.manifest, reading)
        frames = tuple(
            _submit(frame, companion, classifier, urgent)
            for frame in gray_frames(ds, reading)
            for companion in companions or (None,)
        )
        span.set(frames=len(frames))
        READ_SECONDS.labels(classifier.manifest.name).observe(time.monotonic() - began)
        return _Read(text(ds, "SOPClassUID"), laterality(ds), spacing_mm(ds), frames)


def _submit(
    frame: Frame, companion: CompanionFrame | None, classifier: ClassifierPort, urgent: bool
) -> _Submitted:
    if companion is None:
        return _Submitted(frame.number, frame.region, None, classifier.submit(frame.gray, urgent))
    pending = classifier.submit(frame.gray, urgent, companion.gray)
    return _Submitted(frame.number, frame.region, companion.image, pending)


def _outcome(
    uid: str, future: Future[_Read], is_traced: bool, manifest: Manifest
) -> ScoredFrame | ImageRefusal:
    with TRACES.part(SCORE) if is_traced else nullcontext(NOTHING) as span:
        try:
            image = future.result()
            span.set(frames=len(image.frames))
            scored = _most_suspicious(uid, image, manifest)
        except Refused as refused:
            outcome = "unfamiliar" if isinstance(refused, Unfamiliar) else "refused"
            IMAGES.labels(manifest.name, outcome).inc()
            span.set(outcome=outcome)
            return ImageRefusal(uid, str(refused))
        IMAGES.labels(manifest.name, "scored").inc()
        span.set(outcome="scored")
        return scored


def _most_suspicious(uid: str, image: _Read, manifest: Manifest) -> ScoredFrame:
    """Raises NotAnalysable when the network gave no number for one of its frames, or knows none of them.

    Unfamiliar frames of a cine are passed over: before the probe touches the skin there is nothing to read.
    """
    scores: list[tuple[_Submitted, Score]] = []
    unfamiliar: list[Unfamiliar] = []
    for frame in image.frames:
        try:
            scores.append((frame, frame.pending.result()))
        except Unfamiliar as reason:
            unfamiliar.append(reason)
    if not scores:
        raise unfamiliar[0]
    if not all(math.isfinite(score.probability) for _, score in scores):
        raise NotAnalysable("the classifier gave no number for this image")
    return _scored(uid, image, scores, manifest)


def _scored(
    uid: str, image: _Read, scores: Sequence[tuple[_Submitted, Score]], manifest: Manifest
) -> ScoredFrame:
    frame, score = max(scores, key=_probability)
    best_of: dict[int, tuple[_Submitted, Score]] = {}
    for one in scores:  # a frame may have been judged together with several companions
        if one[0].number is not None:
            best_of[one[0].number] = max(best_of.get(one[0].number, one), one, key=_probability)
    heatmap = heatmap_of(score, frame.region)
    probability = float(score.probability)
    return ScoredFrame(
        score=ImageScore(
            sop_instance_uid=uid,
            sop_class_uid=image.sop_class_uid,
            frame_number=frame.number,
            laterality=image.laterality,
            probability=probability,
            positive=manifest.is_positive(probability),
            category=manifest.suggested_category(probability),
            region=frame.region,
            heatmap_key="",
            outline=heatmap.outline,
            finds_lesions=score.finds_lesions,
            lesion=lesion_of(score, frame.region, image.spacing_mm),
            companion=frame.companion,
            frames=tuple(
                FrameScore(number, float(of_frame.probability), "")
                for number, (_, of_frame) in sorted(best_of.items())
            ),
        ),
        heatmap=heatmap,
        frames={
            number: heatmap if of_frame is score else picture_of(of_frame, at.region)
            for number, (at, of_frame) in best_of.items()
        },
    )


def _probability(scored: tuple[_Submitted, Score]) -> float:
    return scored[1].probability
