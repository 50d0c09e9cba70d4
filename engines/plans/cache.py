"""Plans on disk: built once for each graph, GPU, library and setting, whoever asks first."""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from engines.plans.gpu import Gpu
from engines.plans.profile import BatchProfile
from engines.plans.vendor import Flavour
from engines.precision import Precision


@dataclass(frozen=True, slots=True)
class PlanKey:
    """Everything that a plan depends on; `onnx_sha256` of the file's bytes, `version` of the flavour."""

    onnx_sha256: str
    gpu: Gpu
    flavour: Flavour
    version: str
    precision: Precision
    profile: BatchProfile

    def digest(self) -> str:
        """SHA-256 of all of it, hexadecimal."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


class PlanCache:
    """A folder that processes of one machine may share; deleting it while none runs loses only time.

    A plan is executable by the GPU: let nobody write here whom you would not let replace the service.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: PlanKey, build: Callable[[], bytes]) -> Path:
        """Path of the plan; calls `build` if there is none. Who comes meanwhile waits for it.

        Raises what `build` raises (the next caller builds again), and OSError.
        """
        path = self._folder / f"{key.digest()}.plan"
        if path.exists():
            return path
        self._folder.mkdir(parents=True, exist_ok=True)
        with _locked(path.with_suffix(".lock")):
            if not path.exists():
                _write(path, build())
        return path


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    # The system releases the lock of a process that dies. The file stays: removing it would let two
    # callers hold two locks of one name.
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write(path: Path, plan: bytes) -> None:
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        file.write(plan)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
