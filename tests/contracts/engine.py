"""What every backend must do. Subclass it and give `engine` and `images`."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.backends.port import Engine
from engines.errors import EngineClosed, InputError
from engines.spec import EMBEDDING, HEATMAP, IMAGES, LOGITS

MakeImages = Callable[[int], NDArray[np.float32]]


class EngineContract:
    """`engine`: a closed one of a classifier's graph. `images(n)`: a batch that the graph takes."""

    def test_a_closed_engine_refuses_to_infer(self, engine: Engine, images: MakeImages) -> None:
        with pytest.raises(EngineClosed, match="open"):
            engine.infer({IMAGES: images(1)})

    def test_a_closed_engine_has_no_specs(self, engine: Engine) -> None:
        with pytest.raises(EngineClosed):
            _ = engine.inputs
        with pytest.raises(EngineClosed):
            _ = engine.outputs

    def test_open_and_close_may_be_repeated(self, engine: Engine, images: MakeImages) -> None:
        engine.open()
        engine.open()
        engine.close()
        engine.close()
        with engine:
            assert engine.infer({IMAGES: images(1)})[LOGITS].shape == (1, 2)

    def test_specs_describe_what_infer_takes_and_gives(self, engine: Engine, images: MakeImages) -> None:
        with engine:
            outputs = engine.infer({IMAGES: images(2)})
            for spec in engine.outputs:
                spec.check(outputs[spec.name])
            assert [spec.name for spec in engine.inputs] == [IMAGES]
            assert {spec.name for spec in engine.outputs} == {LOGITS, HEATMAP, EMBEDDING}

    def test_an_image_gets_the_same_answer_in_any_batch(self, engine: Engine, images: MakeImages) -> None:
        batch = images(5)
        with engine:
            together = engine.infer({IMAGES: batch})
            alone = [engine.infer({IMAGES: batch[i : i + 1]}) for i in range(5)]
        for name, values in together.items():
            scale = float(np.abs(values).max())
            np.testing.assert_allclose(
                np.concatenate([one[name] for one in alone]), values, rtol=0, atol=1e-4 * scale
            )

    def test_different_images_get_different_answers(self, engine: Engine, images: MakeImages) -> None:
        with engine:
            logits = engine.infer({IMAGES: images(2)})[LOGITS]
        assert not np.array_equal(logits[0], logits[1])

    def test_outputs_survive_the_next_call(self, engine: Engine, images: MakeImages) -> None:
        batch = images(2)
        with engine:
            first = engine.infer({IMAGES: batch[:1]})[LOGITS]
            kept = first.copy()
            engine.infer({IMAGES: batch[1:]})
        np.testing.assert_array_equal(first, kept)

    def test_a_wrong_dtype_is_refused(self, engine: Engine, images: MakeImages) -> None:
        with engine, pytest.raises(InputError, match="float32"):
            engine.infer({IMAGES: images(1).astype(np.float64)})

    def test_a_wrong_shape_is_refused(self, engine: Engine, images: MakeImages) -> None:
        with engine, pytest.raises(InputError, match="takes"):
            engine.infer({IMAGES: images(1)[:, :, :-1]})

    def test_an_empty_batch_is_refused(self, engine: Engine, images: MakeImages) -> None:
        with engine, pytest.raises(InputError):
            engine.infer({IMAGES: images(1)[:0]})

    def test_an_unknown_input_is_refused(self, engine: Engine, images: MakeImages) -> None:
        with engine, pytest.raises(InputError, match="pictures"):
            engine.infer({"pictures": images(1)})
