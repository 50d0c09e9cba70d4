import pytest

from engines.choice import Backend, EngineChoice, check_precision
from engines.errors import ChoiceError
from engines.precision import Precision


def test_a_choice_as_it_stands_works_everywhere() -> None:
    choice = EngineChoice()
    check_precision(choice)
    assert (choice.backend, choice.precision) == (Backend.ONNXRUNTIME, Precision.FP32)


@pytest.mark.parametrize(
    ("backend", "precision", "offered"),
    [
        (Backend.ONNXRUNTIME, Precision.FP16, "fp32, int8"),
        (Backend.ONNXRUNTIME, Precision.TF32, "fp32, int8"),
        (Backend.TORCH, Precision.INT8, "fp32"),
    ],
)
def test_a_precision_that_is_not_offered_is_refused_and_those_offered_are_named(
    backend: Backend, precision: Precision, offered: str
) -> None:
    with pytest.raises(ChoiceError, match=f"does not compute in {precision}; it offers {offered}"):
        check_precision(EngineChoice(backend, precision))
