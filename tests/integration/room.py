"""A served worklist with studies in every state."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.config import Settings, WorklistSettings
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
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
def served(ledger: Ledger, store: MemoryStore, **worklist: Any) -> Iterator[str]:
    """Address of a worklist that is served while this lasts; `worklist` are its settings."""
    stop = threading.Event()
    settings = Settings(worklist=WorklistSettings(**{"port": free_port()} | worklist))
    app, port = create_app(ledger, store, settings, stop), settings.worklist.port
    server = threading.Thread(target=serve, args=(app, settings.worklist, stop))
    server.start()
    try:
        while server.is_alive() and not listens(port):
            time.sleep(0.05)
        yield f"http://{HOST}:{port}"
    finally:
        stop.set()
        server.join()


@contextmanager
def served_room(folder: Path) -> Iterator[Room]:
    """Served while this lasts; what it keeps is in `folder`."""
    ledger, store = Ledger(f"sqlite:///{folder}/ledger.sqlite3"), MemoryStore()
    ledger.upgrade()
    studies = reading_room.fill(ledger, store)
    with served(ledger, store) as url:
        yield Room(url, ledger, store, studies)
    ledger.close()
