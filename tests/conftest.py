"""Fixtures for every test. The real servers' fixtures live in tests/servers, one file each."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

pytest_plugins = [
    "tests.servers.certificates",
    "tests.servers.rabbitmq",
    "tests.servers.postgres",
    "tests.servers.seaweedfs",
    "tests.servers.orthanc",
    "tests.servers.dcmtk",
    "tests.servers.pixelmed",
    "tests.servers.chromium",
    "tests.servers.ohif",
    "tests.servers.oidc",
    "tests.servers.images",
]

# One thread for each process of tests, and for what it starts. There are as many processes as cores, and
# threads that wait for each other burn the time of those that work: some tests took thirty times as long.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

REPOSITORY = Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes long, unless it is asked for: `make test-long`."""
    if os.environ.get("PREREAD_LONG"):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """A command that ran in this process has sent its logs to a stream that is closed for the next test."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of public breast images: PREREAD_DATA, or shared/data beside the repository."""
    folder = Path(os.environ.get("PREREAD_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no breast images in {folder}: set PREREAD_DATA to their folder")
    return folder
