from collections.abc import Iterator

import pytest

from tests.unit.accept import doubles


@pytest.fixture(params=["own", "pynetdicom"])
def receiver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both receivers in turn: every Desk of the test is set to it."""
    name = str(request.param)
    monkeypatch.setattr(doubles, "RECEIVER", name)
    return name


@pytest.fixture(autouse=True)
def _clients_are_closed() -> Iterator[None]:
    yield
    doubles.close_clients()
