"""Plans on disk: built once for each graph, GPU, library and setting, whoever asks first."""

import hashlib
import json
import platform
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engines.plans.files import locked, write_whole
from engines.plans.gpu import Gpu
from engines.plans.profile import BatchProfile
from engines.plans.vendor import Flavour
from engines.precision import Precision

RECIPE = 1
"""Raise it when `plans`, `half` or `quantise.symmetric` makes another plan of the same file."""

SYSTEM = f"{sys.platform}-{platform.machine()}"
"""Operating system and processor: a plan runs on those it was built on."""


@dataclass(frozen=True, slots=True)
class PlanKey:
    """Everything that a plan depends on; `onnx_sha256` of the file's bytes, `version` of the flavour."""

    onnx_sha256: str
    gpu: Gpu
    flavour: Flavour
    version: str
    precision: Precision
    profile: BatchProfile
    recipe: int = RECIPE
    system: str = SYSTEM

    def digest(self) -> str:
        """SHA-256 of all of it, hexadecimal."""
        return hashlib.sha256(self.as_json()).hexdigest()

    def as_json(self) -> bytes:
        """All of it, for people and for `PlanCache.plans`."""
        return json.dumps(asdict(self), sort_keys=True).encode()


class PlanCache:
    """A folder that processes of one machine may share; deleting it while none runs loses only time.

    A plan is executable by the GPU: let nobody write here whom you would not let replace the service.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: PlanKey, build: Callable[[], bytes]) -> Path:
        """Path of the plan; calls `build` if there is none. Who comes meanwhile waits for it.

        Raises what `build` raises (the next caller builds again), and OSError.
        """
        path = self.folder / f"{key.digest()}.plan"
        if path.exists():
            return path
        self.folder.mkdir(parents=True, exist_ok=True)
        with locked(path):
            if not path.exists():
                plan = build()
                write_whole(path.with_suffix(".key.json"), key.as_json())
                write_whole(path, plan)
        return path

    def plans(self) -> dict[Path, PlanKey]:
        """Every plan that is here, with what it was built for; plans of other versions are left out.

        Raises OSError.
        """
        plans: dict[Path, PlanKey] = {}
        for path in sorted(self.folder.glob("*.plan")):
            # Another version of this service may name other keys: its plans are of no use to this one.
            with suppress(FileNotFoundError, TypeError, KeyError, ValueError):
                plans[path] = _key(json.loads(path.with_suffix(".key.json").read_bytes()))
        return plans


def _key(said: dict[str, Any]) -> PlanKey:
    return PlanKey(
        **said
        | {
            "gpu": Gpu(**said["gpu"]),
            "flavour": Flavour(said["flavour"]),
            "precision": Precision(said["precision"]),
            "profile": BatchProfile(**said["profile"]),
        }
    )
