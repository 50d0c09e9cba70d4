import sys
from types import SimpleNamespace

import pytest

from engines import available as module
from engines.available import available, settle
from engines.choice import Backend, EngineChoice
from engines.errors import ChoiceError
from engines.plans import vendor
from engines.plans.vendor import Flavour
from engines.precision import Precision
from tests.unit.engines.answering_gpu import answering_gpu, no_gpu


def test_auto_is_tensorrt_where_it_and_a_gpu_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    answering_gpu(monkeypatch)
    settled = settle(EngineChoice(Backend.AUTO, Precision.FP16))
    assert settled.choice == EngineChoice(Backend.TENSORRT, Precision.FP16)
    assert settled.reason == "tensorrt 10.13 on NVIDIA H200"


def test_auto_is_onnx_runtime_where_no_gpu_answers_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    no_gpu(monkeypatch)
    settled = settle(EngineChoice(Backend.AUTO))
    assert settled.choice == EngineChoice(Backend.ONNXRUNTIME)
    assert "insufficient" in settled.reason


def test_auto_does_not_fall_back_to_another_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    no_gpu(monkeypatch)
    with pytest.raises(ChoiceError, match=r"fp16; it offers fp32, int8.*TensorRT cannot run here.*driver"):
        settle(EngineChoice(Backend.AUTO, Precision.FP16))


def test_auto_does_not_take_a_flavour_that_refuses_the_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    answering_gpu(monkeypatch, flavour=Flavour.TENSORRT_RTX)
    known = SimpleNamespace(SM80=0, SM89=1, SM120=2)
    monkeypatch.setattr(vendor.installed_vendor().api, "ComputeCapability", known)
    settled = settle(EngineChoice(Backend.AUTO))
    assert settled.choice == EngineChoice(Backend.ONNXRUNTIME)
    assert "no kernels for NVIDIA H200 (compute capability 9.0), only for 8.0, 8.9, 12.0" in settled.reason
    assert "preread[gpu]" in settled.reason


def test_tensorrt_without_a_gpu_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    no_gpu(monkeypatch)
    with pytest.raises(ChoiceError, match=r"tensorrt cannot run here: .*insufficient"):
        settle(EngineChoice(Backend.TENSORRT))


def test_torch_that_is_not_installed_is_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    found = available(Backend.TORCH)
    assert (found.here, "preread[train]" in found.detail) == (False, True)


@pytest.mark.parametrize("has_cuda", [True, False])
def test_onnx_runtime_on_a_gpu_needs_a_build_with_cuda(
    monkeypatch: pytest.MonkeyPatch, has_cuda: bool
) -> None:
    providers = ["CPUExecutionProvider", *(["CUDAExecutionProvider"] if has_cuda else [])]
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: providers)
    assert available(Backend.ONNXRUNTIME_CUDA).here is has_cuda


def test_what_auto_would_be_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    answering_gpu(monkeypatch)
    assert available(Backend.AUTO).detail.startswith("tensorrt: ")


def test_without_onnx_runtime_and_without_a_gpu_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    no_gpu(monkeypatch)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)

    assert not available(Backend.ONNXRUNTIME).here
    assert not available(Backend.ONNXRUNTIME_CUDA).here
    with pytest.raises(ChoiceError, match=r"nothing can run a network here: .*pip install onnxruntime"):
        settle(EngineChoice(Backend.AUTO))
