"""How long a worker takes from its start to its first result, and what it loads on the way."""

import json
import os
import signal
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset

from service.config import Settings
from service.storage.ledger.ledger import Ledger
from service.study.state import StudyState
from service.wiring.adapters import open_ledger, open_store
from tests.benchmarks.harness.machine import Say
from tests.benchmarks.harness.results import Result
from tests.benchmarks.running_worker import logs_to
from tests.benchmarks.studies import Shelf, assemble, queue, receive_study
from tests.servers.process import ServerProcess

CLASSIFIER = "us-mass"
LIMIT_S = 300.0


@dataclass(frozen=True, slots=True)
class _Start:
    seconds: float
    torch_files: tuple[str, ...]
    peak_mib: float


def measure_cold_start(frames: Sequence[Dataset], repeats: int, folder: Path, say: Say) -> list[Result]:
    """Start `preread infer` with one queued study of `frames`, `repeats` times, each in a new data folder.

    Raises RuntimeError or TimeoutError when it gives no result.
    """
    say("cold start of a worker")
    starts = [_one(frames, folder / f"start-{number}") for number in range(repeats)]
    times_s = [start.seconds for start in starts]
    how = (
        f"process start to the result in the ledger, study of {len(frames)} images waiting, median of "
        f"{repeats}, {min(times_s):.2f} to {max(times_s):.2f}; files are in the page cache after the first"
    )
    torch = sorted({file for start in starts for file in start.torch_files})
    maps = f"in /proc/PID/maps of the worker{': ' if torch else ''}{', '.join(torch)}"
    peak_mib = max(start.peak_mib for start in starts)
    return [
        Result("cold start to first result", statistics.median(times_s), "s", how),
        Result.at_most("cold start: PyTorch's files in memory", len(torch), "files", maps, 0),
        Result("cold start: peak memory", peak_mib, "MiB", "VmHWM of the worker at its first result"),
    ]


def _one(frames: Sequence[Dataset], folder: Path) -> _Start:
    folder.mkdir(parents=True)
    configuration = folder / "preread.yaml"
    rule = {"name": "us", "when": {"Modality": "US"}, "classifiers": [CLASSIFIER]}
    values = {
        "data_folder": str(folder / "data"),
        "log_format": "json",
        "rules": [rule],
        "infer": {"backend": "onnxruntime"},
    }
    configuration.write_text(json.dumps(values), encoding="utf-8")
    settings = Settings.model_validate(values)
    with closing(open_ledger(settings)) as ledger, logs_to(folder / "preparing.log"):
        shelf = Shelf(ledger, open_store(settings))
        study = receive_study(shelf, frames)
        assemble(shelf)
        queue(ledger, [study], CLASSIFIER)
        return _started(configuration, ledger, study)


def _started(configuration: Path, ledger: Ledger, study: str) -> _Start:
    command = [sys.executable, "-m", "service.cli.main", "--config", str(configuration), "infer"]
    start_s = time.time()
    process = ServerProcess(
        command, configuration.with_name("worker.log"), {"PYTHONPATH": os.pathsep.join(sys.path)}
    )
    try:
        process.wait_until(lambda: _result_at_s(ledger, study) is not None, LIMIT_S)
        seconds = (_result_at_s(ledger, study) or 0.0) - start_s
        return _Start(seconds, _torch_files(process.pid), _peak_mib(process.pid))
    finally:
        process.stop(signal.SIGTERM)


def _result_at_s(ledger: Ledger, study: str) -> float | None:
    """When the ledger got the result, in seconds since 1970; None before."""
    with ledger.read() as tx:
        found = tx.studies.find(study)
    return found.updated_at.timestamp() if found and found.state is StudyState.INFERRED else None


def _torch_files(pid: int) -> tuple[str, ...]:
    """PyTorch's files in the memory of a process; importing it maps many."""
    lines = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines()
    paths = {line.split(maxsplit=5)[-1] for line in lines if "/" in line}
    return tuple(sorted(Path(path).name for path in paths if "torch" in path.lower()))


def _peak_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in status if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024
