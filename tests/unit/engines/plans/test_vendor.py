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


def test_rtx_refuses_float16_of_a_float32_graph() -> None:
    with pytest.raises(PlanError, match="choose tf32 or fp32"):
        tensorrt_rtx().check(Precision.FP16, ANY_GPU)


def test_rtx_names_the_compute_capabilities_it_knows() -> None:
    with pytest.raises(PlanError, match=r"9\.0 \(NVIDIA H200\), only .*SM89.*; use TensorRT"):
        tensorrt_rtx().set_target(SimpleNamespace(), H200)


def test_tensorrt_refuses_to_build_for_any_gpu() -> None:
    tensorrt = Vendor(Flavour.TENSORRT, "10.13", SimpleNamespace(BuilderFlag=SimpleNamespace(FP16=0)), None)
    with pytest.raises(PlanError, match="name that GPU"):
        tensorrt.check(Precision.FP16, ANY_GPU)
    tensorrt.check(Precision.FP16, H200)
