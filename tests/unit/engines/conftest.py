import os
from pathlib import Path

import pytest

from engines.export import export_network
from engines.manifest import Manifest
from tests.unit.engines.builders import SIZE, classifier_folder, seeded_network, write_bus_bra


@pytest.fixture(scope="session")
def tiny_onnx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_network(seeded_network(), SIZE, tmp_path_factory.mktemp("tiny") / "model.onnx").path


@pytest.fixture
def tiny_manifest(tmp_path: Path, tiny_onnx: Path) -> Manifest:
    return classifier_folder(tmp_path / "tiny", tiny_onnx)


@pytest.fixture(scope="session")
def synthetic_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bus_bra(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    beside = Path(__file__).parents[4] / "shared" / "data"
    root = Path(os.environ.get("PREREAD_DATA", beside))
    if not (root / "bus-bra" / "bus_data.csv").is_file():
        pytest.skip("no real images: set PREREAD_DATA to the folder that holds bus-bra and busi")
    return root
