"""What a worker does to one image, step by step: processor time and elapsed time of each."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engines.backends.port import Engine
from engines.classifier import Outputs, score_of
from engines.manifest import Manifest
from engines.preprocess import prepare
from engines.spec import IMAGES, LOGITS
from service.dicom.quiet import quiet
from service.enqueue.embedded import EmbeddedBroker
from service.infer.heatmap import heatmap_of
from service.infer.image import Frame, Reading, gray_frames, open_image
from service.infer.settle import finish_analysis
from service.storage.ledger.ledger import Ledger
from service.study.messages import inference_queue
from service.study.model import Priority
from service.study.result import AnalysisResult
from service.study.state import AnalysisState
from tests.benchmarks.harness.results import Result
from tests.benchmarks.studies import Shelf, queue

_READING = Reading(max_frames=16)
_LEASE_S = 60.0
_RECEIVE_S = 10.0


def measure_steps(
    what: str, shelf: Shelf, engine: Engine, manifest: Manifest, studies: Sequence[str], batch: int
) -> list[Result]:
    """Every step over all images of `studies`, one step after the other; results begin with `what`.

    The studies are complete and not queued; the worker is stopped and has finished others.
    """
    with shelf.ledger.read() as tx:
        keys = [instance.key for uid in studies for instance in tx.instances.of_study(uid)]
    clock = _Clock(what, len(keys))
    with clock.step("read from the store"):
        files = [shelf.store.get(key) for key in keys]
    with clock.step("decode and check"):
        frames = [_frame(data, manifest) for data in files]
    with clock.step("prepare"):
        prepared = [prepare(frame.gray, manifest.input.size) for frame in frames]
    tensors = np.stack([one.tensor for one in prepared])
    with clock.step("engine"):
        batches = [
            engine.infer({IMAGES: tensors[first : first + batch]}) for first in range(0, len(tensors), batch)
        ]
    answers = [answer for outputs in batches for answer in _each(outputs)]
    with clock.step("score and heatmap"):
        scores = [
            score_of(answer, one.placement, manifest.calibration)
            for answer, one in zip(answers, prepared, strict=True)
        ]
        heatmaps = [heatmap_of(score, frame.region) for score, frame in zip(scores, frames, strict=True)]
    with clock.step("heatmap to the store"):
        for number, heatmap in enumerate(heatmaps):
            shelf.store.put(f"analyses/steps/{number}.png", heatmap.png)
    _ledger_step(shelf.ledger, manifest, studies, clock)
    return clock.results


def _frame(data: bytes, manifest: Manifest) -> Frame:
    with quiet():
        (frame,) = gray_frames(open_image(data, manifest, _READING), _READING)
    return frame


def _each(outputs: Outputs) -> list[dict[str, NDArray[np.float32]]]:
    """A batch's outputs, image by image."""
    count = len(outputs[LOGITS])
    return [{name: values[index] for name, values in outputs.items()} for index in range(count)]


def _ledger_step(ledger: Ledger, manifest: Manifest, studies: Sequence[str], clock: "_Clock") -> None:
    """Delivery, what a worker reads, the result, and the acknowledgement, study by study."""
    pattern = _some_result(ledger, manifest.name)
    queue(ledger, studies, manifest.name)
    broker = EmbeddedBroker(ledger, _LEASE_S)
    queues = [inference_queue(manifest.name, Priority.ROUTINE)]
    with closing(broker.consumer(queues, 1)) as consumer, clock.step("queue and ledger"):
        for _ in studies:
            delivery = consumer.receive(_RECEIVE_S)
            if delivery is None:
                raise RuntimeError("the queued study was not delivered")
            uid = delivery.envelope.body["study_instance_uid"]
            with ledger.read() as tx:
                tx.studies.find(uid)
                tx.instances.of_study(uid)
            with ledger.read() as tx:
                tx.analyses.last_result(uid, manifest.name)
            result = replace(pattern, study_instance_uid=uid)
            with ledger.begin() as tx:
                finish_analysis(tx, uid, 1, manifest.name, AnalysisState.SCORED, "measured", result)
            delivery.ack()


def _some_result(ledger: Ledger, classifier: str) -> AnalysisResult:
    """A result that the worker gave, to be entered again for other studies."""
    with ledger.read() as tx:
        for study in tx.studies.latest(1000):
            result = tx.analyses.last_result(study.study_instance_uid, classifier)
            if result is not None:
                return result
    raise RuntimeError("the worker has finished no study")


class _Clock:
    """Times steps over `images` images."""

    def __init__(self, what: str, images: int) -> None:
        self._what = what
        self._images = images
        self.results: list[Result] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        cpu_s, elapsed_s = time.process_time(), time.perf_counter()
        yield
        cpu_ms = (time.process_time() - cpu_s) / self._images * 1e3
        elapsed_ms = (time.perf_counter() - elapsed_s) / self._images * 1e3
        how = f"processor time, mean of {self._images} images, alone; {elapsed_ms:.2f} ms elapsed"
        self.results.append(Result(f"{self._what}: step: {name}", cpu_ms, "ms/image", how))
