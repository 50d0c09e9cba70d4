"""The plan of an ONNX file for a GPU, from the cache or built."""

from pathlib import Path

from engines.errors import PlanError
from engines.manifest import sha256_of
from engines.plans.build import build_plan
from engines.plans.cache import PlanCache, PlanKey
from engines.plans.gpu import Gpu
from engines.plans.profile import BatchProfile
from engines.plans.progress import Progress
from engines.plans.timing import TimingCache
from engines.plans.vendor import Vendor
from engines.precision import Precision


def obtain_plan(
    onnx: Path,
    gpu: Gpu,
    vendor: Vendor,
    cache: PlanCache,
    profile: BatchProfile,
    precision: Precision,
    progress: Progress | None = None,
) -> Path:
    """Path of the plan; `progress` hears of a build. Raises PlanError, OSError for the cache's folder."""
    try:
        digest = sha256_of(onnx)
    except OSError as reason:
        raise PlanError(f"cannot read {onnx}: {reason.strerror}; check the path") from reason
    key = PlanKey(digest, gpu, vendor.flavour, vendor.version, precision, profile)
    timing = TimingCache.within(cache.folder, gpu, vendor)
    return cache.get(
        key, lambda: build_plan(onnx, profile, precision, gpu, vendor, timing=timing, progress=progress)
    )
