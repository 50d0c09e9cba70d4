from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import pytest

from engines.backends.port import Arrays, Engine
from engines.batching import BatchPolicy, Outputs
from engines.catalog import find_classifier
from engines.errors import EngineError, GpuError, InferenceError
from engines.phantoms import phantom
from engines.serving import ServedClassifier
from engines.spec import DYNAMIC, EMBEDDING, HEATMAP, IMAGES, LOGITS, TensorSpec
from service.config import Settings
from service.errors import ConfigurationError, EngineLost, NotAnalysable, Unfamiliar
from service.wiring.classifiers import WorkingClassifier, open_classifiers

SIDE = 224
GRAY = phantom(8)
"""Familiar enough for the guard of us-mass."""


class BrokenEngine(Engine):
    """Raises what it is told to; else answers with zeros."""

    def __init__(self, error: EngineError | None) -> None:
        self.error = error
        self.counts: list[int] = []
        self.is_open = True

    def open(self) -> None:
        pass

    def close(self) -> None:
        self.is_open = False

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec(IMAGES, (DYNAMIC, 1, SIDE, SIDE), "float32"),)

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        return ()

    def infer(self, arrays: Arrays) -> Outputs:  # type: ignore[override]
        count = len(arrays[IMAGES])
        self.counts.append(count)
        if self.error:
            raise self.error
        shapes = {LOGITS: (count, 2), HEATMAP: (count, 7, 7), EMBEDDING: (count, 4)}
        return {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}


@pytest.fixture
def served(request: pytest.FixtureRequest) -> Iterator[ServedClassifier]:
    engine = BrokenEngine(getattr(request, "param", None))
    classifier = ServedClassifier(find_classifier("us-mass"), [engine], BatchPolicy(1, 0))
    yield classifier
    classifier.close()


@pytest.mark.parametrize("served", [InferenceError("out of memory; use a smaller batch")], indirect=True)
def test_an_image_that_the_engine_cannot_run_is_not_analysed_and_says_why(served: ServedClassifier) -> None:
    with pytest.raises(NotAnalysable, match="us-mass cannot run this image: out of memory"):
        WorkingClassifier(served).submit(GRAY).result()


@pytest.mark.parametrize("served", [GpuError("the GPU fell off the bus")], indirect=True)
def test_a_lost_gpu_is_a_lost_engine(served: ServedClassifier) -> None:
    with pytest.raises(EngineLost, match="us-mass cannot run: the GPU fell off the bus"):
        WorkingClassifier(served).submit(GRAY).result()


def test_a_classifier_that_closed_meanwhile_is_a_lost_engine(served: ServedClassifier) -> None:
    working = WorkingClassifier(served)
    served.close()

    with pytest.raises(EngineLost):
        working.submit(GRAY)


def test_an_image_unlike_those_it_was_made_from_does_not_reach_the_engine() -> None:
    engine = BrokenEngine(None)
    served = ServedClassifier(find_classifier("us-mass"), [engine], BatchPolicy(1, 0))
    pending = WorkingClassifier(served).submit(np.full((SIDE, SIDE), 100, np.uint8))
    with pytest.raises(Unfamiliar, match=r"unlike those that us-mass was made from \(strangeness \d"):
        pending.result()
    served.close()
    assert engine.counts == []


def test_an_image_of_the_wrong_kind_is_not_analysed(served: ServedClassifier) -> None:
    with pytest.raises(NotAnalysable, match="gray"):
        WorkingClassifier(served).submit(np.zeros((SIDE, SIDE, 3), np.uint8))


def test_the_smallest_and_the_largest_batch_run_before_any_study_does() -> None:
    engines = [BrokenEngine(None), BrokenEngine(None)]
    classifier = ServedClassifier(find_classifier("us-mass"), engines, BatchPolicy(8, 0))

    classifier.warm_up()
    classifier.close()

    assert [engine.counts for engine in engines] == [[1, 8], [1, 8]]
    assert not any(engine.is_open for engine in engines)


def settings(**infer: object) -> Settings:
    rule = {"name": "us", "when": {"Modality": "US"}, "classifiers": ["us-mass"]}
    return Settings.model_validate({"rules": [rule], "infer": {"backend": "onnxruntime", **infer}})


def test_the_classifiers_of_the_rules_are_opened_and_score() -> None:
    with ExitStack() as resources:
        (classifier,) = open_classifiers(settings(), resources).values()
        score = classifier.submit(GRAY).result()

    assert 0 < score.probability < 1
    assert score.heatmap_at((10, 20)).shape == (10, 20)


def test_an_engine_that_cannot_be_had_is_a_configuration_error() -> None:
    with ExitStack() as resources, pytest.raises(ConfigurationError, match="fp16"):
        open_classifiers(settings(precision="fp16"), resources)
