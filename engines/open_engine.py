"""Opens the engine that was chosen, and hands out none that the reference contradicts."""

from contextlib import ExitStack
from pathlib import Path

from engines.available import settle
from engines.backends.cuda import current_gpu
from engines.backends.onnxruntime import OnnxRuntimeEngine
from engines.backends.port import Engine
from engines.backends.tensorrt import TensorRtEngine
from engines.backends.torch import TorchEngine
from engines.choice import EVERYWHERE, Backend, EngineChoice, check_precision
from engines.classifier import Classifier
from engines.classifier_plan import classifier_plan
from engines.errors import WeightsError
from engines.manifest import Manifest
from engines.plans.vendor import installed_vendor
from engines.spec import EMBEDDING, HEATMAP, IMAGES, IMAGES_CT, LOGITS
from engines.verified_plan import check_plan

CHECKPOINT = "checkpoint.pt"
"""In a classifier's folder: the checkpoint that its ONNX was exported from, for the backend `torch`."""


def open_engine(manifest: Manifest, choice: EngineChoice) -> Engine:
    """An open engine of the classifier; a TensorRT plan has given the reference's answers on this GPU.

    Raises ChoiceError for what does not go together, WeightsError, LibraryError, GpuError, PlanError, OSError
    for a plan folder that cannot be used, and DisagreementError for a plan that the reference contradicts.
    """
    settled = settle(choice).choice
    engine = _open(manifest, settled)
    if isinstance(engine, TensorRtEngine):
        with ExitStack() as on_failure:
            on_failure.callback(engine.close)
            check_plan(manifest, settled, engine, engine.plan)
            on_failure.pop_all()
    return engine


def open_classifier(
    manifest: Manifest, choice: EngineChoice = EVERYWHERE, largest_batch: int = 8
) -> Classifier:
    """The classifier on an engine, ready to run on one thread. Raises as `open_engine`."""
    return Classifier(manifest, open_engine(manifest, choice), largest_batch)


def open_unverified(manifest: Manifest, choice: EngineChoice) -> Engine:
    """The same, but a plan need not have given the reference's answers: for whoever asks whether it does."""
    return _open(manifest, settle(choice).choice)


def _open(manifest: Manifest, choice: EngineChoice) -> Engine:
    """`choice` is settled."""
    engine = _make(manifest, choice)
    with ExitStack() as on_failure:
        engine.open()
        on_failure.callback(engine.close)
        _check_graph(manifest, engine)
        on_failure.pop_all()
    return engine


def _make(manifest: Manifest, choice: EngineChoice) -> Engine:
    if choice.backend is Backend.TENSORRT:
        vendor = installed_vendor()
        plan = classifier_plan(manifest, choice, vendor, current_gpu(choice.device))
        return TensorRtEngine(plan, vendor, choice.device)
    if choice.backend is Backend.TORCH:
        return TorchEngine(_checkpoint(manifest))
    onnx = manifest.checked_weights(choice.precision)
    if choice.backend is Backend.ONNXRUNTIME_CUDA:
        return OnnxRuntimeEngine(onnx, choice.threads, "cuda", choice.device)
    return OnnxRuntimeEngine(onnx, choice.threads)


def check_choice(manifest: Manifest, choice: EngineChoice) -> None:
    """Raise ChoiceError or WeightsError for what the classifier can have on no machine."""
    check_precision(choice)
    if choice.backend is Backend.TORCH:
        _checkpoint(manifest)
    else:
        manifest.checked_weights(choice.precision)


def _checkpoint(manifest: Manifest) -> Path:
    path = manifest.folder / CHECKPOINT
    if not path.is_file():
        raise WeightsError(
            f"the backend torch runs {path}, which is not there: copy the training's best.pt to it, "
            "or choose onnxruntime"
        )
    return path


def _check_graph(manifest: Manifest, engine: Engine) -> None:
    size = manifest.input.size
    names = (IMAGES,) if manifest.companion is None else (IMAGES, IMAGES_CT)
    inputs = {(spec.name, spec.shape[1:]) for spec in engine.inputs}
    outputs = {spec.name for spec in engine.outputs}
    if inputs != {(name, (1, size, size)) for name in names} or not {LOGITS, HEATMAP, EMBEDDING} <= outputs:
        raise WeightsError(
            f"the graph of {manifest.name!r} takes {sorted(inputs)} and gives {sorted(outputs)}; "
            f"expected {' and '.join(names)} (1, {size}, {size}), and {LOGITS}, {HEATMAP}, {EMBEDDING}: "
            "export it anew, or mend the manifest's [companion]"
        )
