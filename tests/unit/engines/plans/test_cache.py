import multiprocessing
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from engines.errors import PlanError
from engines.plans.cache import PlanCache, PlanKey
from engines.plans.gpu import Gpu
from engines.plans.profile import BatchProfile
from engines.plans.vendor import Flavour
from engines.precision import Precision

KEY = PlanKey(
    "0" * 64, Gpu("NVIDIA L4", "8.9"), Flavour.TENSORRT, "10.13", Precision.FP32, BatchProfile(1, 8, 32)
)
PLAN = b"plan" * 10_000

OTHERS = [
    replace(KEY, onnx_sha256="1" * 64),
    replace(KEY, gpu=Gpu("NVIDIA L40S", "8.9")),
    replace(KEY, gpu=Gpu("NVIDIA L4", "9.0")),
    replace(KEY, flavour=Flavour.TENSORRT_RTX),
    replace(KEY, version="10.14"),
    replace(KEY, precision=Precision.TF32),
    replace(KEY, profile=BatchProfile(1, 4, 32)),
    replace(KEY, recipe=KEY.recipe + 1),
    replace(KEY, system="linux-aarch64"),
]


def _never() -> bytes:
    raise AssertionError("built, though the plan is there")


def _build_in_a_process(folder: Path) -> None:
    def build() -> bytes:
        with (folder / "builds").open("a") as file:
            file.write("built\n")
        time.sleep(0.2)  # long enough for the others to come meanwhile
        return PLAN

    assert PlanCache(folder).get(KEY, build).read_bytes() == PLAN


def _build_half(folder: Path, started: Callable[[], None]) -> None:
    def build() -> bytes:
        started()
        time.sleep(600)
        return PLAN

    PlanCache(folder).get(KEY, build)


def test_a_plan_is_built_once(tmp_path: Path) -> None:
    first = PlanCache(tmp_path / "plans").get(KEY, lambda: PLAN)
    second = PlanCache(tmp_path / "plans").get(KEY, _never)
    assert first == second
    assert second.read_bytes() == PLAN


@pytest.mark.parametrize("other", OTHERS)
def test_another_key_builds_anew(tmp_path: Path, other: PlanKey) -> None:
    cache = PlanCache(tmp_path)
    first = cache.get(KEY, lambda: b"first")
    assert cache.get(other, lambda: b"other").read_bytes() == b"other"
    assert first.read_bytes() == b"first"


def test_threads_that_ask_at_once_build_once(tmp_path: Path) -> None:
    built: list[int] = []
    together = threading.Barrier(4)

    def ask(number: int) -> bytes:
        def build() -> bytes:
            built.append(number)
            time.sleep(0.1)
            return PLAN

        together.wait()
        return PlanCache(tmp_path).get(KEY, build).read_bytes()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == [PLAN] * 4
    assert len(built) == 1


def test_processes_that_ask_at_once_build_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_build_in_a_process, args=(tmp_path,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert (tmp_path / "builds").read_text() == "built\n"


def test_a_builder_that_is_killed_leaves_no_plan_and_no_lock(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    started = context.Event()
    worker = context.Process(target=_build_half, args=(tmp_path, started.set))
    worker.start()
    assert started.wait(60)
    worker.kill()
    worker.join()
    assert PlanCache(tmp_path).get(KEY, lambda: b"whole").read_bytes() == b"whole"


def test_a_plan_that_fails_to_build_is_built_by_the_next_caller(tmp_path: Path) -> None:
    def fail() -> bytes:
        raise PlanError("no driver")

    with pytest.raises(PlanError, match="no driver"):
        PlanCache(tmp_path).get(KEY, fail)
    assert PlanCache(tmp_path).get(KEY, lambda: PLAN).read_bytes() == PLAN


def test_a_torn_write_is_never_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", die)
        with pytest.raises(KeyboardInterrupt):
            PlanCache(tmp_path).get(KEY, lambda: PLAN)
    assert not list(tmp_path.glob("*.plan"))
    assert PlanCache(tmp_path).get(KEY, lambda: b"second").read_bytes() == b"second"
    assert not list(tmp_path.glob("*.partial"))


def test_the_plans_that_are_there_are_listed_with_their_keys(tmp_path: Path) -> None:
    cache, other = PlanCache(tmp_path), replace(KEY, precision=Precision.FP16)
    built = {cache.get(key, lambda: PLAN): key for key in (KEY, other)}
    assert cache.plans() == built


@pytest.mark.parametrize("key", ["{", "{}", '{"onnx_sha256": "1", "colour": "blue"}'])
def test_a_plan_of_another_version_is_not_listed(tmp_path: Path, key: str) -> None:
    cache = PlanCache(tmp_path)
    cache.get(KEY, lambda: PLAN).with_suffix(".key.json").write_text(key)
    assert cache.plans() == {}


def test_a_cache_that_was_never_used_lists_nothing(tmp_path: Path) -> None:
    assert PlanCache(tmp_path / "plans").plans() == {}
