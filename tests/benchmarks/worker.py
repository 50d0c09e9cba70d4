"""A worker against its engine alone, on the same images: what is lost between the disk and the network."""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from engines.backends.port import Engine
from engines.manifest import Manifest
from engines.open_engine import open_engine
from engines.preprocess import prepare
from engines.spec import IMAGES
from service.config import Settings
from service.infer.image import Reading, gray_frames, open_image
from service.storage.store.port import InstanceStore
from service.wiring.adapters import engine_choice, manifests, open_ledger, open_store
from tests.benchmarks.harness.machine import Say
from tests.benchmarks.harness.results import Result
from tests.benchmarks.harness.rounds import Rounds, Timed, interleaved
from tests.benchmarks.running_worker import RunningWorker, logs_to
from tests.benchmarks.studies import Shelf, assemble, receive_study
from tests.benchmarks.worker_cost import BARE, WORKER, Spent, bounds
from tests.benchmarks.worker_steps import measure_steps

READING = Reading(max_frames=16)
_NAMED = ("backend", "precision")
"""Settings that results name."""


@dataclass(frozen=True, slots=True)
class Case:
    """Which worker. `infer`: its settings; `batch`: the largest that it makes; `target` of the ratio."""

    classifier: str
    infer: Mapping[str, Any]
    batch: int
    target: float

    def __str__(self) -> str:
        """How results call it."""
        return f"{self.classifier} ({', '.join(str(self.infer[key]) for key in _NAMED if key in self.infer)})"


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured: studies of `images` each; each round of both sides takes `studies` of them."""

    rounds: int
    studies: int
    images: int


FULL = Extent(rounds=9, studies=10, images=20)
QUICK = Extent(rounds=1, studies=1, images=2)


def measure_worker(
    case: Case, extent: Extent, frames: Sequence[Dataset], folder: Path, say: Say
) -> list[Result]:
    """Throughput of both, their ratio, and where the worker's processor time goes.

    Raises RuntimeError when a study does not come to its result.
    """
    settings = _settings(case, folder)
    manifest = manifests(settings)[case.classifier]
    with ExitStack() as resources:
        resources.enter_context(logs_to(folder / "worker.log"))
        ledger = resources.enter_context(closing(open_ledger(settings)))
        shelf = Shelf(ledger, open_store(settings))
        say(f"{case}: receiving studies")
        studies = _receive(shelf, extent, frames)
        tensors = _tensors(shelf, studies[0], manifest, extent)
        engine = resources.enter_context(closing(open_engine(manifest, engine_choice(settings))))
        bare, spent = _Bare(engine, tensors, case.batch), Spent()
        say(f"{case}: worker and engine in turns")
        with RunningWorker(settings, ledger, case.classifier) as worker:
            rounds = iter(studies)
            measured = interleaved(
                {
                    BARE: lambda: spent.by(BARE, bare.run),
                    WORKER: lambda: spent.by(WORKER, lambda: worker.work(next(rounds))),
                },
                extent.rounds,
            )
        say(f"{case}: steps of the worker one by one")
        steps = measure_steps(str(case), shelf, engine, manifest, studies[-1], case.batch)
    images = extent.studies * extent.images
    return [*_throughput(case, measured, images), *bounds(str(case), spent, measured, images), *steps]


def _throughput(case: Case, measured: Rounds, images: int) -> list[Result]:
    """`images`: of one round."""
    rounds = len(measured.seconds[BARE])
    how = f"{rounds} rounds of {images} JPEG frames, batches of {case.batch}"
    speeds = [
        Result(f"{case}: {side}", images / measured.median_s(side), "images/s", how)
        for side in (BARE, WORKER)
    ]
    ratio = measured.ratio(BARE, WORKER)
    measure = f"{case}: worker throughput over engine alone"
    return [*speeds, Result.at_least(measure, ratio.median, "x", f"{how}: {ratio}", case.target)]


def _settings(case: Case, folder: Path) -> Settings:
    rule = {"name": "us", "when": {"Modality": "US"}, "classifiers": [case.classifier]}
    values = {"data_folder": folder / "data", "rules": [rule], "infer": dict(case.infer)}
    return Settings.model_validate(values)


def _receive(shelf: Shelf, extent: Extent, frames: Sequence[Dataset]) -> list[list[str]]:
    """Studies for the warm-up, for every round and, last, for the steps one by one."""
    sets: list[list[str]] = []
    place = 0
    for _ in range(1 + extent.rounds + 1):
        studies = []
        for _ in range(extent.studies):
            chosen = [frames[(place + offset) % len(frames)] for offset in range(extent.images)]
            studies.append(receive_study(shelf, chosen))
            place += extent.images
        sets.append(studies)
    assemble(shelf)
    return sets


def _tensors(shelf: Shelf, studies: Sequence[str], manifest: Manifest, extent: Extent) -> NDArray[np.float32]:
    """The images of one round as the network takes them."""
    with shelf.ledger.read() as tx:
        keys = [instance.key for uid in studies for instance in tx.instances.of_study(uid)]
    return np.stack([_tensor(shelf.store, key, manifest) for key in keys])


def _tensor(store: InstanceStore, key: str, manifest: Manifest) -> NDArray[np.float32]:
    (frame,) = gray_frames(open_image(store.get(key), manifest, READING), READING)
    return prepare(frame.gray, manifest.input.size).tensor


@dataclass(frozen=True, slots=True, eq=False)
class _Bare:
    engine: Engine
    tensors: NDArray[np.float32]
    batch: int

    def run(self) -> Timed:
        start = time.perf_counter()
        for first in range(0, len(self.tensors), self.batch):
            self.engine.infer({IMAGES: self.tensors[first : first + self.batch]})
        return Timed(time.perf_counter() - start)
