import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.backends.tensorrt import TensorRtEngine
from engines.choice import Backend, EngineChoice
from engines.errors import ChoiceError, WeightsError
from engines.manifest import Manifest, read_manifest
from engines.networks.checkpoint import write_network
from engines.open_engine import CHECKPOINT, check_choice, open_engine
from engines.precision import Precision
from engines.spec import IMAGES, LOGITS
from tests.unit.engines.answering_gpu import answering_gpu, no_gpu, with_reference_images
from tests.unit.engines.builders import SIZE, seeded_network, write_manifest

BATCH = {IMAGES: np.random.default_rng(0).random((2, 1, SIZE, SIZE), dtype=np.float32)}


def test_as_it_stands_the_engine_is_onnx_runtime_and_open(tiny_manifest: Manifest) -> None:
    with open_engine(tiny_manifest, EngineChoice()) as engine:
        assert isinstance(engine, OnnxRuntimeEngine)
        assert engine.infer(BATCH)[LOGITS].shape == (2, 2)


def test_auto_opens_onnx_runtime_where_no_gpu_answers(
    tiny_manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_gpu(monkeypatch)
    with open_engine(tiny_manifest, EngineChoice(Backend.AUTO)) as engine:
        assert isinstance(engine, OnnxRuntimeEngine)


def test_auto_opens_a_plan_where_a_gpu_answers(
    tiny_manifest: Manifest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answering_gpu(monkeypatch)
    choice = EngineChoice(Backend.AUTO, plan_folder=tmp_path / "plans")
    with (
        open_engine(with_reference_images(tiny_manifest), choice) as engine,
        OnnxRuntimeEngine(tiny_manifest.checked_weights()) as reference,
    ):
        assert isinstance(engine, TensorRtEngine)
        np.testing.assert_array_equal(engine.infer(BATCH)[LOGITS], reference.infer(BATCH)[LOGITS])


def test_torch_runs_the_checkpoint_beside_the_model(tiny_manifest: Manifest) -> None:
    # One that the catalog of networks knows; it differs from the ONNX, which nobody asks for here.
    checkpoint = tiny_manifest.folder / CHECKPOINT
    with pytest.raises(WeightsError, match=r"checkpoint\.pt, which is not there: copy"):
        open_engine(tiny_manifest, EngineChoice(Backend.TORCH))
    write_network(checkpoint, seeded_network(), "no such architecture", SIZE)
    with pytest.raises(WeightsError, match="not a checkpoint of a network known here"):
        open_engine(tiny_manifest, EngineChoice(Backend.TORCH))


def test_torch_runs_a_network_of_the_catalog(
    tiny_manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engines.networks.checkpoint.build_network", lambda *_, **__: seeded_network(1))
    write_network(tiny_manifest.folder / CHECKPOINT, seeded_network(), "tiny", SIZE)
    with (
        open_engine(tiny_manifest, EngineChoice(Backend.TORCH)) as engine,
        open_engine(tiny_manifest, EngineChoice()) as reference,
    ):
        np.testing.assert_allclose(
            engine.infer(BATCH)[LOGITS], reference.infer(BATCH)[LOGITS], atol=1e-5, rtol=0
        )


def test_a_graph_of_another_size_is_refused_and_its_engine_closed(
    tiny_manifest: Manifest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gpu = answering_gpu(monkeypatch)
    text = (tiny_manifest.folder / "manifest.toml").read_text().replace("size = 32", "size = 64")
    manifest = read_manifest(write_manifest(tiny_manifest.folder, text))
    with pytest.raises(WeightsError, match="64"):
        open_engine(manifest, EngineChoice(Backend.TENSORRT, plan_folder=tmp_path / "plans"))
    assert not gpu.memory
    assert not gpu.streams


def test_onnx_runtime_without_cuda_does_not_run_on_the_cpu_instead(
    tiny_manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(ChoiceError, match=r"onnxruntime-cuda cannot run here: .*install onnxruntime-gpu"):
        open_engine(tiny_manifest, EngineChoice(Backend.ONNXRUNTIME_CUDA))


def test_fp16_on_the_cpu_is_refused(tiny_manifest: Manifest) -> None:
    with pytest.raises(ChoiceError, match="offers fp32, int8"):
        open_engine(tiny_manifest, EngineChoice(precision=Precision.FP16))


def test_int8_of_a_classifier_without_it_is_refused(tiny_manifest: Manifest) -> None:
    for check in (check_choice, open_engine):
        with pytest.raises(WeightsError, match="int8"):
            check(tiny_manifest, EngineChoice(precision=Precision.INT8))


def test_a_choice_can_be_checked_where_its_gpu_is_not(
    tiny_manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_gpu(monkeypatch)
    choice = EngineChoice(Backend.TENSORRT, Precision.FP16)
    check_choice(tiny_manifest, choice)
    with pytest.raises(WeightsError, match=r"checkpoint\.pt"):
        check_choice(tiny_manifest, replace(choice, backend=Backend.TORCH, precision=Precision.FP32))


def test_opening_needs_no_pytorch() -> None:
    code = "import sys, engines.open_engine, engines.verified_plan; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
