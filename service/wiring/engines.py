"""What `preread engine` does: list, build and verify what can run the configured classifiers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engines.available import Available, available
from engines.backends.cuda import current_gpu
from engines.catalog import find_classifiers
from engines.choice import OFFERED, Backend, EngineChoice
from engines.classifier_plan import built_plan, classifier_plan
from engines.errors import EngineError, GpuError, LibraryError, WeightsError
from engines.manifest import Manifest
from engines.open_engine import check_choice, open_engine, open_unverified
from engines.plans.cache import PlanCache, PlanKey
from engines.plans.gpu import ANY_GPU, Gpu
from engines.plans.progress import Progress
from engines.plans.vendor import installed_vendor
from engines.plans.verified import verified
from engines.precision import Precision
from engines.reference import reference_images
from engines.verify import Report, Verification, verify
from service.config import Settings
from service.errors import ConfigurationError
from service.wiring.adapters import classifier_names, translated

BACKENDS = (Backend.TENSORRT, Backend.ONNXRUNTIME, Backend.ONNXRUNTIME_CUDA, Backend.TORCH)


@dataclass(frozen=True, slots=True)
class CachedPlan:
    """A plan on disk. `classifier` is empty where none installed has the weights that it was built from."""

    classifier: str
    key: PlanKey
    path: Path
    has_passed: bool


@dataclass(frozen=True, slots=True)
class Built:
    """What became of building one plan. `path` is None where it failed; `note` says why."""

    classifier: str
    precision: Precision
    gpu: Gpu
    path: Path | None
    verified: bool
    note: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What became of verifying one engine; `problem` says why there is no result."""

    classifier: str
    choice: EngineChoice
    result: Verification | None
    problem: str = ""

    @property
    def holds(self) -> bool:
        """Whether the engine gave the reference's answers."""
        return self.result is not None and self.result.holds


def installed(settings: Settings) -> dict[str, Manifest]:
    """All classifiers, by name. Raises ConfigurationError where a folder is wrong."""
    with translated():
        return find_classifiers(settings.infer.classifier_folders)


def selected(settings: Settings, names: Sequence[str]) -> list[Manifest]:
    """The classifiers called so; without names those of the rules, and without rules all that are installed.

    Raises ConfigurationError for a name that is not installed.
    """
    found = installed(settings)
    wanted = list(names) or classifier_names(settings) or list(found)
    missing = [name for name in wanted if name not in found]
    if missing:
        raise ConfigurationError(
            f"the classifier {', '.join(missing)} is not installed; installed: {', '.join(found) or 'none'}"
        )
    return [found[name] for name in wanted]


def precisions(manifest: Manifest) -> tuple[Precision, ...]:
    """Those that the classifier has weights for."""
    return tuple(
        precision for precision in Precision if _has(manifest, EngineChoice(Backend.AUTO, precision))
    )


def cached_plans(choice: EngineChoice, manifests: Iterable[Manifest]) -> list[CachedPlan]:
    """Every plan in the cache."""
    names = {
        manifest.weights_sha256(precision): manifest.name
        for manifest in manifests
        for precision in precisions(manifest)
    }
    return [
        CachedPlan(names.get(key.onnx_sha256, ""), key, path, verified(path) is not None)
        for path, key in PlanCache(choice.plan_folder).plans().items()
    ]


def build(manifest: Manifest, choice: EngineChoice, progress: Progress) -> Built:
    """Build the plan unless it is there, and verify it where a GPU answers. What fails is in the answer."""
    gpu = ANY_GPU
    try:
        vendor = installed_vendor()
        gpu, note = _gpu_or_any(choice.device)
        choice = replace(choice, backend=Backend.TENSORRT, build_missing=True)
        path = classifier_plan(manifest, choice, vendor, gpu, progress)
        if gpu != ANY_GPU:
            progress("verifying", 1.0)
            open_engine(manifest, choice).close()
    except EngineError as error:
        return Built(manifest.name, choice.precision, gpu, None, False, str(error))
    progress("done", 1.0)
    return Built(manifest.name, choice.precision, gpu, path, gpu != ANY_GPU, note)


def _gpu_or_any(device: int) -> tuple[Gpu, str]:
    try:
        return current_gpu(device), ""
    except (GpuError, LibraryError) as reason:
        return ANY_GPU, f"built for any GPU, to be verified where one answers: {reason}"


def verifiable(
    manifest: Manifest, choice: EngineChoice, backends: Sequence[Backend], wanted: Sequence[Precision]
) -> list[EngineChoice]:
    """What to verify: all that was asked for by name; of the rest, what is there and can run here.

    Raises ConfigurationError for `auto`, and for a plan folder that cannot be read.
    """
    if Backend.AUTO in backends:
        raise ConfigurationError("auto is no backend of its own; name one that `preread engine list` shows")
    choices = [
        replace(choice, backend=backend, precision=precision, build_missing=False)
        for backend in backends or BACKENDS
        for precision in wanted or OFFERED[backend]
    ]
    if backends and wanted:
        return choices
    with translated():
        return [one for one in choices if _ready(manifest, one)]


def left_out(backends: Sequence[Backend], choice: EngineChoice) -> list[Available]:
    """The backends that were not asked for by name and cannot run here."""
    found = [available(backend, choice.device) for backend in BACKENDS] if not backends else []
    return [one for one in found if not one.here]


def verify_one(manifest: Manifest, choice: EngineChoice, report: Report) -> Verified:
    """Compare one engine with the reference. What keeps it from running is in the answer."""
    try:
        with open_unverified(manifest, choice) as engine:
            images = reference_images(manifest)
            found = verify(manifest, engine, choice.precision, images, choice.profile.usual, report)
    except EngineError as error:
        return Verified(manifest.name, choice, None, str(error))
    return Verified(manifest.name, choice, found)


def _ready(manifest: Manifest, choice: EngineChoice) -> bool:
    if choice.precision not in OFFERED[choice.backend] or not _has(manifest, choice):
        return False
    if not available(choice.backend, choice.device).here:
        return False
    if choice.backend is not Backend.TENSORRT:
        return True
    return built_plan(manifest, choice, installed_vendor(), current_gpu(choice.device)) is not None


def _has(manifest: Manifest, choice: EngineChoice) -> bool:
    try:
        check_choice(manifest, choice)
    except WeightsError:
        return False
    return True
