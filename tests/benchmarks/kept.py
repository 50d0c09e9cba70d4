"""Results from a GPU, kept in the repository, since most machines have none to measure them again."""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from engines.errors import LibraryError
from engines.plans.vendor import installed_vendor
from tests.benchmarks.harness.results import Result

FOLDER = Path("tests/gpu/results")


def keep(part: str, results: Sequence[Result], folder: Path = FOLDER) -> Path:
    """Write the results of `part` with date, GPU and versions. Returns the file's path."""
    gpu = torch.cuda.get_device_name()
    date = f"{datetime.now(UTC):%Y-%m-%d}"
    path = folder / f"{date}-{gpu.replace(' ', '-')}-{part}.json"
    content = document(results, date, gpu, _versions())
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def document(results: Sequence[Result], date: str, gpu: str, versions: dict[str, str]) -> dict[str, Any]:
    """What is written."""
    return {"date": date, "gpu": gpu, "versions": versions, "results": [asdict(one) for one in results]}


def _versions() -> dict[str, str]:
    versions = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cuda": str(torch.version.cuda),
        "driver": _driver(),
    }
    try:
        vendor = installed_vendor()
    except LibraryError:
        return versions
    return versions | {str(vendor.flavour): vendor.version}


def _driver() -> str:
    file = Path("/proc/driver/nvidia/version")
    return file.read_text(encoding="utf-8").splitlines()[0] if file.exists() else "unknown"
