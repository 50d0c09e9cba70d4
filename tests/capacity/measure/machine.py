"""On what was measured: processor, cores, memory, versions."""

import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import onnxruntime

from tests.benchmarks.harness.results import Result

MACHINE = "machine"
OTHERS = "load by other processes meanwhile"
GIB = 1024**3


def described() -> Iterator[Result]:
    """The machine as results: figures where they are figures, else in `how`."""
    yield Result(f"{MACHINE}: cores", os.cpu_count(), "cores", _processor())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    yield Result(f"{MACHINE}: memory", memory, "GiB", f"{platform.system()} {platform.release()}")
    versions = f"Python {platform.python_version()}, ONNX Runtime {onnxruntime.__version__}"
    yield Result(f"{MACHINE}: date", None, "", f"{datetime.now(UTC):%Y-%m-%d}, {versions}")


def _processor() -> str:
    """The model's name as Linux tells it, else the architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
