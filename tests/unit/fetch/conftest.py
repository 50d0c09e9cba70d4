from collections.abc import Iterator
from pathlib import Path

import pytest

from service.fetch.spool import Spool
from tests.unit.fetch import receivers


@pytest.fixture(autouse=True)
def _files_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The spool of every transfer of a test, in which no file is left at its end."""
    folder = tmp_path / "fetching"
    with Spool(folder, receivers.MAX_BYTES) as spool:
        monkeypatch.setattr(receivers, "spool", spool)
        yield
    assert list(folder.glob("*.dcm")) == []
