"""TensorRT's measurements of its kernels: kept, so that the next plan for this GPU builds in less time."""

import hashlib
from pathlib import Path
from typing import Any, Self

from engines.plans.files import locked, write_whole
from engines.plans.gpu import Gpu
from engines.plans.vendor import Vendor


class TimingCache:
    """A file for one GPU, flavour and version, shared by all builds there."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def within(cls, folder: Path, gpu: Gpu, vendor: Vendor) -> Self:
        """The one of a plan cache's folder."""
        what = f"{gpu.name}|{gpu.compute_capability}|{vendor.version}"
        return cls(folder / f"{vendor.flavour}-{hashlib.sha256(what.encode()).hexdigest()[:16]}.timing")

    def give(self, config: Any) -> None:
        """Let a builder's configuration start from what is kept. A file that does not fit is left out."""
        cache = config.create_timing_cache(self._kept())
        if cache is None or not config.set_timing_cache(cache, False):
            config.set_timing_cache(config.create_timing_cache(b""), False)

    def take(self, config: Any) -> None:
        """Keep what the build measured, with what others kept meanwhile. Raises OSError."""
        measured = config.get_timing_cache()
        if measured is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with locked(self._path):
            others = config.create_timing_cache(self._kept())
            if others is not None:
                measured.combine(others, False)
            write_whole(self._path, bytes(measured.serialize()))

    def _kept(self) -> bytes:
        return self._path.read_bytes() if self._path.exists() else b""
