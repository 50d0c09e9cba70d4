"""A classifier for a worker: images from many threads, in batches that they share."""

from collections.abc import Sequence
from concurrent.futures import Future

import numpy as np

from engines.backends.port import Engine
from engines.batching import Batcher, BatchPolicy, OnBatch, Outputs
from engines.classifier import Score, score_of
from engines.errors import UnfamiliarInput
from engines.judgement import Calibration
from engines.manifest import Manifest
from engines.pair import Given, prepare_given, read_image
from engines.preprocess import Placement
from engines.refusal import Guard


class PendingScore:
    """A score to come."""

    def __init__(self, outputs: Future[Outputs], placement: Placement, calibration: Calibration) -> None:
        self._outputs = outputs
        self._placement = placement
        self._calibration = calibration

    def result(self) -> Score:
        """Wait for the score. Raises UnfamiliarInput for an image that the classifier was not made for,
        GpuError when the GPU is lost, another EngineError for this image.
        """
        return score_of(self._outputs.result(), self._placement, self._calibration)


class ServedClassifier:
    """Any thread may submit. Warm it up before it takes work, close it after."""

    def __init__(
        self,
        manifest: Manifest,
        engines: Sequence[Engine],
        policy: BatchPolicy,
        on_batch: OnBatch = lambda images, seconds: None,
    ) -> None:
        """`engines`: one or more, open, that run this classifier side by side. They are closed with it."""
        self.manifest = manifest
        self._engines = tuple(engines)
        self._guard = Guard(manifest)
        self._policy = policy
        self._batcher = Batcher([engine.infer for engine in engines], policy, on_batch)

    def warm_up(self) -> None:
        """Run the smallest and the largest batch once on every engine, so that no study pays for it.

        What a library compiles or allocates on first use is there afterwards. Raises EngineError: it would
        not run studies either.
        """
        size = self.manifest.input.size
        for engine in self._engines:
            for count in sorted({1, self._policy.largest}):
                nothing = np.zeros((count, 1, size, size), np.float32)
                engine.infer({spec.name: nothing for spec in engine.inputs})

    def submit(self, given: Given, urgent: bool = False) -> PendingScore:
        """Prepare a gray image, uint8 (rows, columns), or a pair on this thread and queue it. Urgent ones go
        first. What the guard refuses does not reach an engine: its result says so.

        Raises InputError for an image that is not gray uint8 or too small, EngineClosed after `close`.
        """
        prepared = prepare_given(given, self.manifest.input.size)
        try:
            self._guard.check(read_image(given))
            outputs = self._batcher.submit(prepared.tensors, urgent)
        except UnfamiliarInput as refusal:
            outputs = Future()
            outputs.set_exception(refusal)
        return PendingScore(outputs, prepared.placement, self.manifest.calibration)

    def close(self) -> None:
        """Answer what was submitted and release the networks."""
        self._batcher.close()
        for engine in self._engines:
            engine.close()
