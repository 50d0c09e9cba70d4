"""The engine that a worker here would use: GPU, driver, and the plans that are ready for it."""

from collections.abc import Iterator

from engines.available import available, settle
from engines.backends.cuda import current_gpu, memory_info
from engines.choice import Backend, EngineChoice
from engines.classifier_plan import built_plan
from engines.errors import ChoiceError, EngineError
from engines.plans.vendor import installed_vendor
from engines.plans.verified import verified
from service.config import Settings
from service.wiring.adapters import classifier_names, engine_choice, manifests
from service.wiring.doctor.finding import Finding, failed, ok, skipped, warning

_OTHERS_WRITE = 0o002


def look_at_gpu(settings: Settings) -> Iterator[Finding]:
    """Raises ConfigurationError."""
    if not classifier_names(settings):
        yield skipped("engine", "no rule names a classifier")
        return
    choice = engine_choice(settings)
    try:
        settled = settle(choice)
    except ChoiceError as error:
        yield failed(
            "engine",
            f"a worker on this machine would not start: {error}",
            "mend that, choose another infer.backend, or run no worker here",
        )
        return
    yield ok("engine", f"a worker here would use {settled.choice.backend}: {settled.reason}")
    if settled.choice.backend not in (Backend.TENSORRT, Backend.ONNXRUNTIME_CUDA):
        why = available(Backend.TENSORRT, choice.device).detail
        yield skipped("GPU", f"a worker here computes on the CPU: {why}")
        return
    yield from _look_at_memory(settled.choice)
    if settled.choice.backend is Backend.TENSORRT:
        yield from _look_at_plans(settings, settled.choice)


def _look_at_memory(choice: EngineChoice) -> Iterator[Finding]:
    try:
        gpu = current_gpu(choice.device)
        free, total = memory_info(choice.device)
    except EngineError as error:
        yield failed("GPU", str(error), "`nvidia-smi` shows the driver and what it says of the GPU")
        return
    yield ok(
        "GPU",
        f"{gpu.name}, compute capability {gpu.compute_capability}, {free / 1024**3:.1f} of "
        f"{total / 1024**3:.1f} GiB free",
    )


def _look_at_plans(settings: Settings, choice: EngineChoice) -> Iterator[Finding]:
    folder = choice.plan_folder
    if folder.is_dir() and folder.stat().st_mode & _OTHERS_WRITE:
        yield failed(
            "plans",
            f"every user of this machine can write to {folder}, and so run code on the GPU",
            f"chmod o-w {folder}, and build the plans anew",
        )
    for manifest in manifests(settings).values():
        about = f"plan of {manifest.name}"
        try:
            path = built_plan(manifest, choice, installed_vendor(), current_gpu(choice.device))
        except EngineError as error:
            yield failed(about, str(error), "`preread engine list` shows the plans that are there")
            continue
        build = f"`preread engine build {manifest.name}` builds it ahead of time"
        if path is None and choice.build_missing:
            yield warning(about, "there is none yet: a worker builds it at its first start", build)
        elif path is None:
            yield failed(about, "there is none, and infer.build_plans is off: no worker starts", build)
        elif verified(path) is None:
            yield warning(
                about, "it has not been compared with the reference yet", "a worker does so at its start"
            )
        else:
            yield ok(about, "it is there, and has given the reference's answers on this machine")
