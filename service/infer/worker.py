"""The worker: one inference request in, one result or one explained refusal in the ledger."""

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog

from service.errors import NotAnalysable, Permanent
from service.infer.analyse import ScoredFrame, analyse, identity
from service.infer.companion import companions_of
from service.infer.image import Reading
from service.infer.port import ClassifierPort
from service.infer.settle import finish_analysis, is_wanted
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.fence import Fence, unfenced
from service.storage.store.port import InstanceStore
from service.study.messages import InferenceRequest
from service.study.model import Priority, ReceivedInstance
from service.study.result import AnalysisResult, ClassifierIdentity, ImageRefusal, ImageScore
from service.study.state import AnalysisState
from service.telemetry.traces.tracing import TRACES

log = structlog.get_logger()


class Worker:
    """Runs classifiers on studies, several at once on threads of their caller.

    Handling one request twice leaves what handling it once leaves.
    """

    def __init__(
        self,
        ledger: Ledger,
        store: InstanceStore,
        classifiers: Mapping[str, ClassifierPort],
        pools: Mapping[Priority, Executor],
        max_frames: int,
        frame_heatmaps: int = 16,
    ) -> None:
        """`pools`: threads that read images; urgent studies have their own, so that none queues there.
        `max_frames`, `frame_heatmaps`: as in Reading.
        """
        self._ledger = ledger
        self._store = store
        self._classifiers = classifiers
        self._pools = pools
        self._max_frames = max_frames
        self._frame_heatmaps = frame_heatmaps

    def handle(self, body: dict[str, Any], fence: Fence = unfenced) -> None:
        """Do what an InferenceRequest asks for; enter the result where the fence lets it through.

        Raises InvalidMessage for a message that is none, Permanent for a classifier this worker lacks.
        """
        request = InferenceRequest.from_json(body)
        classifier = self._classifier(request.classifier)
        instances, companion = self._instances(request)
        if not instances:
            log.info("request is superseded", study_instance_uid=request.study_instance_uid)
            return
        log.info(
            "inference begins", study_instance_uid=request.study_instance_uid, classifier=request.classifier
        )
        known = self._known_scores(request, identity(classifier.manifest), companion)
        new = [instance for instance in instances if instance.sop_instance_uid not in known]
        found = self._analyse(request, classifier, new, companion)
        self._finish(request, classifier, instances, known, found, fence)

    def give_up(self, body: dict[str, Any], reason: str) -> None:
        """Enter that a request became a dead letter."""
        request = InferenceRequest.from_json(body)
        with self._ledger.begin() as tx:
            finish_analysis(
                tx,
                request.study_instance_uid,
                request.revision,
                request.classifier,
                AnalysisState.FAILED,
                f"failed: {reason}",
            )

    def _classifier(self, name: str) -> ClassifierPort:
        try:
            return self._classifiers[name]
        except KeyError:
            raise Permanent(
                f"this worker has no classifier {name!r}; it has: {', '.join(self._classifiers) or 'none'}"
            ) from None

    def _instances(self, request: InferenceRequest) -> tuple[tuple[ReceivedInstance, ...], str]:
        """What the analysis reads, and the study that it reads beside it, empty for none; nothing when it has
        ended already or the study was reopened.
        """
        uid = request.study_instance_uid
        with self._ledger.read() as tx:
            study = tx.studies.find(uid)
            analysis = tx.analyses.find(uid, request.revision, request.classifier)
            if study is None or analysis is None or not is_wanted(analysis, study):
                return (), ""
            instances, series = tx.instances.of_study(uid), analysis.series_instance_uids
        read = tuple(one for one in instances if not series or one.series_instance_uid in series)
        return read, analysis.companion_study_instance_uid

    def _analyse(
        self,
        request: InferenceRequest,
        classifier: ClassifierPort,
        instances: list[ReceivedInstance],
        companion: str,
    ) -> list[ImageScore | ImageRefusal]:
        """One score, its heatmap stored, or one refusal per instance, in their order."""
        try:
            companions = companions_of(classifier.manifest, companion, self._ledger, self._store)
        except NotAnalysable as reason:
            return [ImageRefusal(instance.sop_instance_uid, str(reason)) for instance in instances]
        folder = f"analyses/{request.study_instance_uid}/{request.revision}-{request.classifier}"
        priority = Priority(request.priority)
        outcomes = analyse(
            [(instance.sop_instance_uid, partial(self._bytes_of, instance)) for instance in instances],
            classifier,
            self._pools[priority],
            Reading(self._max_frames, request.assume_body_part, self._frame_heatmaps),
            urgent=priority is Priority.URGENT,
            companions=companions,
        )
        return [
            outcome if isinstance(outcome, ImageRefusal) else self._keep(folder, outcome)
            for outcome in outcomes
        ]

    def _keep(self, folder: str, frame: ScoredFrame) -> ImageScore:
        """Store the heatmaps; returns the score with their keys."""
        uid, number = frame.score.sop_instance_uid, frame.score.frame_number or 1
        keys = {}
        for at, heatmap in ({number: frame.heatmap} | frame.frames).items():
            keys[at] = _heatmap_key(folder, uid, at)
            self._store.put(keys[at], heatmap.png)
        return replace(
            frame.score,
            heatmap_key=keys[number],
            frames=tuple(replace(one, heatmap_key=keys.get(one.number, "")) for one in frame.score.frames),
        )

    def _bytes_of(self, instance: ReceivedInstance) -> bytes:
        try:
            return self._store.get(instance.key)
        except KeyError:
            raise Permanent(
                "the store has lost the bytes of an image that was acknowledged: restore the data folder "
                "from its backup, or let the scanner send the study again"
            ) from None

    def _known_scores(
        self, request: InferenceRequest, classifier: ClassifierIdentity, companion: str
    ) -> dict[str, ImageScore]:
        """Scores that this very classifier gave at an earlier revision, beside the same companion, by SOP
        Instance UID.

        An image never changes under its UID, so it is analysed once: a late image costs one image, and the
        heatmaps of the others stay the same objects to the last bit.
        """
        with self._ledger.read() as tx:
            last = tx.analyses.last_result(request.study_instance_uid, request.classifier)
        if last is None or last.classifier != classifier:
            return {}
        return {one.sop_instance_uid: one for one in last.scores if _companion_of(one) == companion}

    def _finish(
        self,
        request: InferenceRequest,
        classifier: ClassifierPort,
        instances: tuple[ReceivedInstance, ...],
        known: dict[str, ImageScore],
        found: list[ImageScore | ImageRefusal],
        fence: Fence,
    ) -> None:
        by_uid = known | {one.sop_instance_uid: one for one in found if isinstance(one, ImageScore)}
        uids = [instance.sop_instance_uid for instance in instances]
        result = AnalysisResult(
            study_instance_uid=request.study_instance_uid,
            revision=request.revision,
            classifier=identity(classifier.manifest),
            scores=tuple(by_uid[uid] for uid in uids if uid in by_uid),
            refusals=tuple(one for one in found if isinstance(one, ImageRefusal)),
            finished_at=datetime.now(UTC),
        )
        TRACES.current.set(images=len(found), scored=len(result.scores), refused=len(result.refusals))
        state = AnalysisState.SCORED if result.scores else AnalysisState.NOT_ANALYSED
        with self._ledger.begin() as tx:
            is_entered = finish_analysis(
                tx,
                request.study_instance_uid,
                request.revision,
                request.classifier,
                state,
                _reason(result),
                result,
                fence,
            )
        log.info(
            "study analysed" if is_entered else "result came too late: the work was another's by then",
            study_instance_uid=request.study_instance_uid,
            classifier=request.classifier,
            scored=len(result.scores),
            refused=len(result.refusals),
        )


def _heatmap_key(folder: str, sop_instance_uid: str, number: int) -> str:
    return f"{folder}/{sop_instance_uid}-{number}.png"


def _companion_of(score: ImageScore) -> str:
    return score.companion.study_instance_uid if score.companion else ""


def _reason(result: AnalysisResult) -> str:
    if not result.scores:
        return f"not analysed because {result.refusal_summary()}"
    scored = f"{len(result.scores)} of {len(result.scores) + len(result.refusals)} images scored"
    return f"{scored}; not analysed: {result.refusal_summary()}" if result.refusals else scored
