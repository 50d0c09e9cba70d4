"""What every backend must do. Subclass it and give `engine` and `images`."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.backends.port import Engine
from engines.errors import EngineClosed, InputError
from engines.spec import EMBEDDING, HEATMAP, IMAGES, LESION, LOGITS

MakeImages = Callable[[int], NDArray[np.float32]]


class EngineContract:
    """`engine`: a closed one of a classifier's graph; `second`: another of the same.

    `images(n)`: a batch that the graph takes, the same at every call. `tolerance`: how far an answer may move
    with its batch, as a share of the largest value; other batches may run in other kernels.
    """

    tolerance = 1e-4

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
            names = {spec.name for spec in engine.outputs}
            assert {LOGITS, HEATMAP, EMBEDDING} <= names <= {LOGITS, HEATMAP, EMBEDDING, LESION}

    def test_an_image_gets_the_same_answer_in_any_batch(self, engine: Engine, images: MakeImages) -> None:
        batch = images(5)
        with engine:
            together = engine.infer({IMAGES: batch})
            alone = [engine.infer({IMAGES: batch[i : i + 1]}) for i in range(5)]
        for name, values in together.items():
            scale = float(np.abs(values).max())
            np.testing.assert_allclose(
                np.concatenate([one[name] for one in alone]), values, rtol=0, atol=self.tolerance * scale
            )

    def test_batches_of_every_size_give_what_single_images_get(
        self, engine: Engine, images: MakeImages
    ) -> None:
        batch = images(6)
        with engine:
            alone = [engine.infer({IMAGES: batch[i : i + 1]})[LOGITS] for i in range(6)]
            together = {
                count: engine.infer({IMAGES: batch[:count]})[LOGITS] for count in (1, 2, 3, 4, 5, 6, 2)
            }
        expected = np.concatenate(alone)
        for count, logits in together.items():
            atol = self.tolerance * float(np.abs(expected).max())
            np.testing.assert_allclose(logits, expected[:count], rtol=0, atol=atol)

    def test_a_batch_that_comes_again_gets_the_same_answer(self, engine: Engine, images: MakeImages) -> None:
        first, second = {IMAGES: images(4)[:2]}, {IMAGES: images(4)[2:]}
        with engine:
            before = engine.infer(first)
            engine.infer(second)
            after = engine.infer(first)
        for name, values in before.items():
            atol = self.tolerance * float(np.abs(values).max())
            np.testing.assert_allclose(after[name], values, rtol=0, atol=atol)

    def test_two_engines_on_two_threads_do_not_mix_their_answers(
        self, engine: Engine, second: Engine, images: MakeImages
    ) -> None:
        batch = images(2)

        def ask(one: Engine, image: NDArray[np.float32]) -> list[NDArray[np.float32]]:
            return [one.infer({IMAGES: image})[LOGITS] for _ in range(5)]

        with engine, second, ThreadPoolExecutor(2) as pool:
            expected = [engine.infer({IMAGES: batch[i : i + 1]})[LOGITS] for i in range(2)]
            lanes = [pool.submit(ask, *pair) for pair in ((engine, batch[:1]), (second, batch[1:]))]
            answers = [lane.result() for lane in lanes]
        atol = self.tolerance * float(np.abs(expected).max())
        for wanted, got in zip(expected, answers, strict=True):
            np.testing.assert_allclose(np.stack(got), np.stack([wanted] * 5), rtol=0, atol=atol)

    def test_different_images_get_different_answers(self, engine: Engine, images: MakeImages) -> None:
        with engine:
            logits = engine.infer({IMAGES: images(2)})[LOGITS]
        assert not np.array_equal(logits[0], logits[1])

    def test_outputs_survive_the_next_call_and_the_close(self, engine: Engine, images: MakeImages) -> None:
        batch = images(2)
        with engine:
            first = engine.infer({IMAGES: batch[:1]})
            kept = {name: values.copy() for name, values in first.items()}
            engine.infer({IMAGES: batch[1:]})
        for name, values in first.items():
            np.testing.assert_array_equal(values, kept[name])

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
