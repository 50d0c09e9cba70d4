import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from engines.errors import LibraryError, PlanError
from engines.plans import vendor as vendors
from engines.plans.gpu import ANY_GPU, Gpu
from engines.plans.vendor import Flavour, Vendor, installed_vendor, load_vendor
from engines.precision import Precision
from tests.unit.engines.plans.vendors import tensorrt_rtx

ROOT = Path(__file__).parents[4]
H200 = Gpu("NVIDIA H200", "9.0")


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> ModuleType:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", refuse)
    monkeypatch.setattr(vendors, "load_vendor", load_vendor.__wrapped__)


@pytest.mark.usefixtures("nothing_installed")
@pytest.mark.parametrize(("flavour", "extra"), [("tensorrt", "gpu"), ("tensorrt_rtx", "rtx")])
def test_a_flavour_that_is_missing_names_its_extra(flavour: str, extra: str) -> None:
    with pytest.raises(LibraryError, match=rf"pip install 'preread\[{extra}\]'"):
        vendors.load_vendor(Flavour(flavour))


@pytest.mark.usefixtures("nothing_installed")
def test_without_any_flavour_both_extras_are_named() -> None:
    with pytest.raises(LibraryError, match=r"preread\[gpu\].*preread\[rtx\]"):
        installed_vendor()


def test_tensorrt_is_preferred(monkeypatch: pytest.MonkeyPatch) -> None:
    both = {flavour: Vendor(flavour, "1", None, None) for flavour in Flavour}
    monkeypatch.setattr(vendors, "load_vendor", both.__getitem__)
    assert installed_vendor().flavour is Flavour.TENSORRT


def test_plans_are_imported_without_any_flavour() -> None:
    code = (
        "import sys, engines.plans.obtain, engines.backends.tensorrt;"
        "print(*({'tensorrt', 'tensorrt_rtx', 'cuda'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []


def test_rtx_names_the_compute_capabilities_it_knows() -> None:
    with pytest.raises(PlanError, match=r"9\.0 \(NVIDIA H200\), only .*SM89.*; use TensorRT"):
        tensorrt_rtx().set_target(SimpleNamespace(), H200)


def test_tensorrt_refuses_to_build_for_any_gpu() -> None:
    tensorrt = _tensorrt_10()
    with pytest.raises(PlanError, match="name that GPU"):
        tensorrt.check(ANY_GPU)
    tensorrt.check(H200)


@pytest.mark.parametrize("precision", list(Precision))
def test_rtx_takes_types_from_the_graph_alone(precision: Precision) -> None:
    assert not tensorrt_rtx().chooses(precision)


@pytest.mark.parametrize(
    ("precision", "flags", "typed"),
    [
        (Precision.FP32, set(), True),
        (Precision.TF32, {"tf32"}, True),
        (Precision.FP16, {"tf32", "fp16"}, False),
        (Precision.INT8, {"tf32", "int8"}, False),
    ],
)
def test_tensorrt_10_is_told_by_flags(precision: Precision, flags: set[str], typed: bool) -> None:
    config, networks = _Config(), list[int]()
    builder = SimpleNamespace(create_network=networks.append)
    _tensorrt_10().create_network(builder, precision)
    _tensorrt_10().set_precision(config, precision)
    assert config.flags == flags
    assert networks == [2 if typed else 0]


def test_only_tensorrt_times_kernels_and_only_rtx_captures_graphs() -> None:
    rtx, tensorrt = tensorrt_rtx(), _tensorrt_10()
    assert (rtx.times_kernels, rtx.captures_graphs) == (False, True)
    assert (tensorrt.times_kernels, tensorrt.captures_graphs) == (True, False)


class _Config:
    def __init__(self) -> None:
        self.flags = {"tf32"}

    def set_flag(self, flag: str) -> None:
        self.flags.add(flag)

    def clear_flag(self, flag: str) -> None:
        self.flags.remove(flag)


def _tensorrt_10() -> Vendor:
    api = SimpleNamespace(
        BuilderFlag=SimpleNamespace(TF32="tf32", FP16="fp16", INT8="int8"),
        NetworkDefinitionCreationFlag=SimpleNamespace(STRONGLY_TYPED=1),
    )
    return Vendor(Flavour.TENSORRT, "10.13", api, None)


@pytest.mark.parametrize(
    ("compute_capability", "runs"),
    [("7.5", False), ("8.0", True), ("8.7", False), ("9.0", False), ("12.0", True), ("13.0", True)],
)
def test_the_real_rtx_runs_on_what_its_runtime_says(compute_capability: str, runs: bool) -> None:
    """Its runtime, on an H100: "8.0 8.6 8.9 12.0 12.1 >12.0"."""
    assert (tensorrt_rtx().why_not(Gpu("some GPU", compute_capability)) == "") is runs


def test_tensorrt_says_nothing_against_a_gpu() -> None:
    assert Vendor(Flavour.TENSORRT, "10.13", None, None).why_not(H200) == ""
