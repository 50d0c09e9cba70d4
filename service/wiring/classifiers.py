"""The classifiers of a worker: engines behind the port of `service.infer`, their errors in our words."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial

import numpy as np
import structlog
from numpy.typing import NDArray

from engines.available import settle
from engines.batching import BatchPolicy
from engines.choice import Backend, EngineChoice
from engines.classifier import Score
from engines.errors import EngineClosed, EngineError, GpuError, UnfamiliarInput
from engines.manifest import Manifest
from engines.open_engine import open_engine
from engines.pair import Pair
from engines.serving import PendingScore, ServedClassifier
from service.config import Settings
from service.config.sections import InferSettings
from service.errors import EngineLost, NotAnalysable, Unfamiliar
from service.telemetry.metrics.analysing import LARGEST_BATCH, count_batch
from service.telemetry.metrics.scraped import scraped
from service.wiring.adapters import engine_choice, manifests, own_classifier_names, translated
from service.wiring.gpu_metrics import gpu_memory

log = structlog.get_logger()

LANES_OF_A_GPU = 2
"""Engines side by side: one computes while the other copies."""
CPU_BATCH = 4
"""A CPU is as fast with one image as with many, and an urgent one waits for the batch before it."""


class WorkingClassifier:
    """A served classifier whose errors decide what becomes of the image or the study."""

    def __init__(self, served: ServedClassifier) -> None:
        self.manifest = served.manifest
        self._served = served

    def submit(
        self, image: NDArray[np.uint8], urgent: bool = False, companion: NDArray[np.uint8] | None = None
    ) -> "WorkingScore":
        """Queue a gray image of shape (rows, columns), perhaps with one of its companion. Raises
        NotAnalysable, EngineLost.
        """
        given = image if companion is None else Pair(image, companion)
        with _decided(self.manifest):
            return WorkingScore(self._served.submit(given, urgent), self.manifest)


class WorkingScore:
    """A score to come."""

    def __init__(self, pending: PendingScore, manifest: Manifest) -> None:
        self._pending = pending
        self._manifest = manifest

    def result(self) -> Score:
        """Wait for it. Raises NotAnalysable, EngineLost."""
        with _decided(self._manifest):
            return self._pending.result()


def open_classifiers(settings: Settings, resources: ExitStack) -> dict[str, WorkingClassifier]:
    """Every classifier that this worker runs, warmed up; `resources` closes them."""
    own = own_classifier_names(settings)
    with translated():
        chosen = settle(engine_choice(settings))
        log.info(
            "engines", backend=chosen.choice.backend, precision=chosen.choice.precision, why=chosen.reason
        )
        if _is_on_gpu(chosen.choice):
            resources.enter_context(scraped(partial(gpu_memory, chosen.choice.device)))
        return {
            name: WorkingClassifier(_serve(manifest, chosen.choice, settings.infer, resources))
            for name, manifest in manifests(settings).items()
            if name in own
        }


def open_one(settings: Settings, manifest: Manifest, resources: ExitStack) -> WorkingClassifier:
    """A single classifier, whether rules name it or not; `resources` closes it."""
    with translated():
        chosen = settle(engine_choice(settings))
        return WorkingClassifier(_serve(manifest, chosen.choice, settings.infer, resources))


def _serve(
    manifest: Manifest, choice: EngineChoice, settings: InferSettings, resources: ExitStack
) -> ServedClassifier:
    on_gpu = _is_on_gpu(choice)
    lanes = settings.lanes or (LANES_OF_A_GPU if on_gpu else 1)
    largest = settings.largest_batch if on_gpu else min(CPU_BATCH, settings.largest_batch)
    engines = [resources.enter_context(open_engine(manifest, choice)) for _ in range(lanes)]
    policy = BatchPolicy(largest, settings.batch_deadline_s)
    served = ServedClassifier(manifest, engines, policy, partial(count_batch, manifest.name))
    resources.enter_context(scraped(lambda: [(LARGEST_BATCH, (manifest.name,), largest)]))
    resources.enter_context(closing(served))
    served.warm_up()
    return served


def _is_on_gpu(choice: EngineChoice) -> bool:
    return choice.backend in {Backend.TENSORRT, Backend.ONNXRUNTIME_CUDA}


@contextmanager
def _decided(manifest: Manifest) -> Iterator[None]:
    try:
        yield
    except UnfamiliarInput as error:
        raise Unfamiliar(str(error)) from error
    except (GpuError, EngineClosed) as error:
        raise EngineLost(f"{manifest.name} cannot run: {error}") from error
    except EngineError as error:
        raise NotAnalysable(f"{manifest.name} cannot run this image: {error}") from error
