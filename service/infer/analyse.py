"""A study's images to scores and refusals: read on a pool, scored in shared batches, answered in order."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import nullcontext
from dataclasses import dataclass

from service.dicom.laterality import laterality
from service.dicom.quiet import quiet
from service.dicom.ultrasound import spacing_mm
from service.dicom.values import text
from service.errors import Refused, Unfamiliar
from service.infer.companion import CompanionFrame
from service.infer.heatmap import Heatmap, heatmap_of, picture_of
from service.infer.image import Frame, Reading, gray_frames, open_image
from service.infer.lesion import SpacingMm, lesion_of
from service.infer.port import ClassifierPort, Manifest
from service.infer.scoring import Scoring, Submitted
from service.study.result import (
    ClassifierIdentity,
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
    """The most suspicious frame of one image, and the heatmaps of the hottest frames by their numbers.
    Whoever stores them fills in the keys in `score`.
    """

    score: ImageScore
    heatmap: Heatmap
    frames: dict[int, Heatmap]


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """An image whose frames have been submitted."""

    sop_class_uid: str
    laterality: str
    spacing_mm: SpacingMm | None
    scoring: Scoring


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
        scoring = Scoring(reading.frame_heatmaps)
        for frame in gray_frames(ds, reading):
            for companion in companions or (None,):
                scoring.add(_submit(frame, companion, classifier, urgent))
        span.set(frames=scoring.frames)
        READ_SECONDS.labels(classifier.manifest.name).observe(time.monotonic() - began)
        return _Read(text(ds, "SOPClassUID"), laterality(ds), spacing_mm(ds), scoring)


def _submit(
    frame: Frame, companion: CompanionFrame | None, classifier: ClassifierPort, urgent: bool
) -> Submitted:
    if companion is None:
        return Submitted(frame.number, frame.region, None, classifier.submit(frame.gray, urgent))
    pending = classifier.submit(frame.gray, urgent, companion.gray)
    return Submitted(frame.number, frame.region, companion.image, pending)


def _outcome(
    uid: str, future: Future[_Read], is_traced: bool, manifest: Manifest
) -> ScoredFrame | ImageRefusal:
    with TRACES.part(SCORE) if is_traced else nullcontext(NOTHING) as span:
        try:
            image = future.result()
            span.set(frames=image.scoring.frames)
            scored = _scored(uid, image, manifest)
        except Refused as refused:
            outcome = "unfamiliar" if isinstance(refused, Unfamiliar) else "refused"
            IMAGES.labels(manifest.name, outcome).inc()
            span.set(outcome=outcome)
            return ImageRefusal(uid, str(refused))
        IMAGES.labels(manifest.name, "scored").inc()
        span.set(outcome="scored")
        return scored


def _scored(uid: str, image: _Read, manifest: Manifest) -> ScoredFrame:
    """Raises as Scoring.result."""
    scores = image.scoring.result()
    frame, score = scores.best()
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
                FrameScore(number, of_frame, "")
                for number, of_frame in sorted(_numbered(scores.probabilities))
            ),
        ),
        heatmap=heatmap,
        frames={
            number: heatmap if of_frame is score else picture_of(of_frame, at.region)
            for number, at, of_frame in scores
        },
    )


def _numbered(probabilities: Mapping[int | None, float]) -> Iterator[tuple[int, float]]:
    return ((number, one) for number, one in probabilities.items() if number is not None)
