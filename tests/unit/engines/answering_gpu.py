"""A machine with a GPU and TensorRT, neither of which is there: plans are ONNX files that the CPU runs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engines.backends import cuda
from engines.errors import LibraryError
from engines.manifest import Manifest
from engines.plans import obtain, vendor
from engines.plans.vendor import Flavour, Vendor
from engines.reference import FOLDER
from tests.unit.engines.backends.fake_gpu import FakeCuda, fake_vendor
from tests.unit.engines.builders import noise

Build = Callable[[Path], bytes]


def answering_gpu(
    monkeypatch: pytest.MonkeyPatch,
    build: Build = Path.read_bytes,
    flavour: Flavour = Flavour.TENSORRT,
) -> FakeCuda:
    """`build` makes the plan of an ONNX file."""
    runtime = FakeCuda()
    fake = fake_vendor(runtime, flavour)

    def load(asked: Flavour) -> Vendor:
        if asked is not flavour:
            raise LibraryError(f"{asked} is not installed")
        return fake

    monkeypatch.setattr(cuda, "_runtime", lambda: runtime)
    monkeypatch.setattr(vendor, "load_vendor", load)
    monkeypatch.setattr(obtain, "build_plan", lambda onnx, *_, **__: build(onnx))
    return runtime


def no_gpu(monkeypatch: pytest.MonkeyPatch, flavour: Flavour = Flavour.TENSORRT) -> FakeCuda:
    """The same machine without a driver."""
    runtime = answering_gpu(monkeypatch, flavour=flavour)
    runtime.failing.add("cudaGetDeviceProperties")
    return runtime


def with_reference_images(manifest: Manifest, count: int = 3) -> Manifest:
    """Give the classifier images of its own, which are fewer than the phantoms."""
    folder = manifest.folder / FOLDER
    folder.mkdir()
    for number in range(count):
        Image.fromarray(noise(40, 60, seed=number)).save(folder / f"{number}.png")
    np.savez(folder / "more.npz", last=noise(50, 40, seed=count))
    return manifest
