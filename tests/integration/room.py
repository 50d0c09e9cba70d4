"""A served worklist with studies in every state."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.config import Settings, WorklistSettings
from service.storage.ledger import Ledger
from service.storage.memory import MemoryStore
from service.worklist.app import create_app
from service.worklist.serve import serve
from tests.servers.process import HOST, free_port, listens
from tests.unit.worklist import reading_room
from tests.unit.worklist.builders import Seed


@dataclass(frozen=True)
class Room:
    """A served worklist and what is behind it."""

    url: str
    ledger: Ledger
    store: MemoryStore
    studies: dict[str, Seed]


@contextmanager
def served_room(folder: Path) -> Iterator[Room]:
    """Served while this lasts; what it keeps is in `folder`."""
    ledger, store, stop = Ledger(f"sqlite:///{folder}/ledger.sqlite3"), MemoryStore(), threading.Event()
    ledger.upgrade()
    studies = reading_room.fill(ledger, store)
    port = free_port()
    server = threading.Thread(
        target=serve, args=(create_app(ledger, store, Settings(), stop), WorklistSettings(port=port), stop)
    )
    server.start()
    while server.is_alive() and not listens(port):
        time.sleep(0.05)
    yield Room(f"http://{HOST}:{port}", ledger, store, studies)
    stop.set()
    server.join()
    ledger.close()
