"""The TensorRT plan of a classifier: the one in the cache, or a new one where that is allowed."""

from pathlib import Path

from engines.choice import EngineChoice
from engines.errors import PlanError
from engines.manifest import Manifest
from engines.plans.cache import PlanCache, PlanKey
from engines.plans.gpu import ANY_GPU, Gpu
from engines.plans.obtain import obtain_plan
from engines.plans.progress import Progress
from engines.plans.vendor import Flavour, Vendor


def classifier_plan(
    manifest: Manifest, choice: EngineChoice, vendor: Vendor, gpu: Gpu, progress: Progress | None = None
) -> Path:
    """Path of the plan in `choice.plan_folder`, built if need be and allowed; `progress` hears of a build.

    Raises PlanError where it cannot or may not be built, WeightsError where the classifier has no weights
    of this precision.
    """
    found = built_plan(manifest, choice, vendor, gpu)
    if found is not None:
        return found
    if not choice.build_missing:
        raise PlanError(
            f"there is no {choice.precision} plan of {manifest.name!r} for {gpu.name} and {vendor.flavour} "
            f"{vendor.version} in {choice.plan_folder}: run `preread engine build {manifest.name} "
            f"--precision {choice.precision}`, or let the worker build it (infer.build_plans)"
        )
    onnx, cache = manifest.checked_weights(choice.precision), PlanCache(choice.plan_folder)
    try:
        return obtain_plan(onnx, gpu, vendor, cache, choice.profile, choice.precision, progress)
    except OSError as reason:
        raise PlanError(
            f"cannot write a plan into {choice.plan_folder}: {reason.strerror}; give it space and rights, "
            "or name another folder"
        ) from reason


def built_plan(manifest: Manifest, choice: EngineChoice, vendor: Vendor, gpu: Gpu) -> Path | None:
    """Path of the plan for this GPU, else for any GPU, if it is in the cache.

    Raises WeightsError as above, PlanError where the folder cannot be read.
    """
    manifest.checked_weights(choice.precision)
    digest = manifest.weights_sha256(choice.precision)
    try:
        paths = {key: path for path, key in PlanCache(choice.plan_folder).plans().items()}
    except OSError as reason:
        raise PlanError(f"cannot read the plans in {choice.plan_folder}: {reason.strerror}") from reason
    # A plan for any GPU is compiled for the one it meets, which TensorRT cannot do and TensorRT-RTX can.
    for built_for in (gpu, ANY_GPU) if vendor.flavour is Flavour.TENSORRT_RTX else (gpu,):
        key = PlanKey(digest, built_for, vendor.flavour, vendor.version, choice.precision, choice.profile)
        if key in paths:
            return paths[key]
    return None
