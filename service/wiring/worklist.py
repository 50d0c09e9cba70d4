"""The role `worklist`: the page and its API."""

import threading
from contextlib import closing

from service.config import Settings
from service.telemetry.health import BEGUN
from service.wiring.adapters import open_ledger, open_store
from service.worklist.app import create_app
from service.worklist.serve import serve


def run_worklist(settings: Settings, stop: threading.Event) -> None:
    """Serve the page until `stop` is set."""
    with closing(open_ledger(settings)) as ledger:
        app = create_app(ledger, open_store(settings), settings, stop)
        BEGUN.tell()
        serve(app, settings.worklist, stop)
