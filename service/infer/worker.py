"""The worker: one inference request in, one result or one explained refusal in the ledger."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from service.errors import Permanent
from service.infer.analyse import Analysis, ClassifierPort, analyse, identity
from service.infer.artefacts import keep_artefacts
from service.infer.settle import finish_analysis
from service.storage.ledger import Ledger
from service.storage.port import InstanceStore
from service.study.messages import InferenceRequest
from service.study.model import ReceivedInstance
from service.study.result import AnalysisResult, ClassifierIdentity, ImageScore
from service.study.state import AnalysisState, StudyState

log = structlog.get_logger()


class Worker:
    """Runs classifiers on studies. Handling one request twice leaves what handling it once leaves."""

    def __init__(
        self,
        ledger: Ledger,
        store: InstanceStore,
        classifiers: Mapping[str, ClassifierPort],
        max_frames: int,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._classifiers = classifiers
        self._max_frames = max_frames

    def handle(self, body: dict[str, Any]) -> None:
        """Do what an InferenceRequest asks for.

        Raises InvalidMessage for a message that is none, Permanent for a classifier this worker lacks.
        """
        request = InferenceRequest.from_json(body)
        classifier = self._classifier(request.classifier)
        instances = self._instances(request)
        if not instances:
            log.info("request is superseded", study_instance_uid=request.study_instance_uid)
            return
        log.info(
            "inference begins", study_instance_uid=request.study_instance_uid, classifier=request.classifier
        )
        known = self._known_scores(request, identity(classifier.manifest))
        found = analyse(
            (
                (instance.sop_instance_uid, self._bytes_of(instance))
                for instance in instances
                if instance.sop_instance_uid not in known
            ),
            classifier,
            self._max_frames,
            request.assume_body_part,
        )
        self._finish(request, classifier, instances, known, found)

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

    def _instances(self, request: InferenceRequest) -> tuple[ReceivedInstance, ...]:
        """The study's instances; none when the request is done already or the study was reopened."""
        with self._ledger.read() as tx:
            study = tx.studies.find(request.study_instance_uid)
            if study is None or (study.revision, study.state) != (request.revision, StudyState.QUEUED):
                return ()
            return tx.instances.of_study(request.study_instance_uid)

    def _bytes_of(self, instance: ReceivedInstance) -> bytes:
        try:
            return self._store.get(instance.key)
        except KeyError:
            raise Permanent(
                "the store has lost the bytes of an image that was acknowledged: restore the data folder "
                "from its backup, or let the scanner send the study again"
            ) from None

    def _known_scores(
        self, request: InferenceRequest, classifier: ClassifierIdentity
    ) -> dict[str, ImageScore]:
        """Scores that this very classifier gave at an earlier revision, by SOP Instance UID.

        An image never changes under its UID, so it is analysed once: a late image costs one image, and the
        heatmaps of the others stay the same objects to the last bit.
        """
        with self._ledger.read() as tx:
            last = tx.analyses.last_result(request.study_instance_uid, request.classifier)
        if last is None or last.classifier != classifier:
            return {}
        return {score.sop_instance_uid: score for score in last.scores}

    def _finish(
        self,
        request: InferenceRequest,
        classifier: ClassifierPort,
        instances: tuple[ReceivedInstance, ...],
        known: dict[str, ImageScore],
        found: Analysis,
    ) -> None:
        folder = f"analyses/{request.study_instance_uid}/{request.revision}-{request.classifier}"
        new = [keep_artefacts(self._store, folder, frame) for frame in found.scores]
        by_uid = known | {score.sop_instance_uid: score for score in new}
        uids = [instance.sop_instance_uid for instance in instances]
        result = AnalysisResult(
            study_instance_uid=request.study_instance_uid,
            revision=request.revision,
            classifier=identity(classifier.manifest),
            scores=tuple(by_uid[uid] for uid in uids if uid in by_uid),
            refusals=found.refusals,
            finished_at=datetime.now(UTC),
        )
        state = AnalysisState.SCORED if result.scores else AnalysisState.NOT_ANALYSED
        with self._ledger.begin() as tx:
            finish_analysis(
                tx,
                request.study_instance_uid,
                request.revision,
                request.classifier,
                state,
                _reason(result),
                result,
            )
        log.info(
            "study analysed",
            study_instance_uid=request.study_instance_uid,
            classifier=request.classifier,
            scored=len(result.scores),
            refused=len(result.refusals),
        )


def _reason(result: AnalysisResult) -> str:
    if not result.scores:
        return f"not analysed because {result.refusal_summary()}"
    scored = f"{len(result.scores)} of {len(result.scores) + len(result.refusals)} images scored"
    return f"{scored}; not analysed: {result.refusal_summary()}" if result.refusals else scored
