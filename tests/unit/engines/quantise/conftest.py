from pathlib import Path

import numpy as np
import pytest

from engines.preprocess import prepare
from engines.quantise.network import Images, Quantiser
from tests.unit.engines.builders import SIZE, lesion_image


@pytest.fixture(scope="session")
def images() -> Images:
    return np.stack([prepare(lesion_image(seed % 2 == 0, seed)[0], SIZE).tensor for seed in range(24)])


@pytest.fixture(scope="session")
def quantiser(tiny_onnx: Path, images: Images, tmp_path_factory: pytest.TempPathFactory) -> Quantiser:
    return Quantiser(tiny_onnx, images, tmp_path_factory.mktemp("quantiser"))


@pytest.fixture(scope="session")
def tiny_int8(quantiser: Quantiser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("int8") / "model-int8.onnx"
    quantiser.write(path, in_float32=0)
    return path
