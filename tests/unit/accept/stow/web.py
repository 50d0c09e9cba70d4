"""A STOW-RS server on a free port, and requests to it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from pydicom.dataset import Dataset

from service.config import Settings
from service.config.stow import StowSettings
from service.wiring.web_intake import open_web_intake
from tests.servers.process import HOST, free_port, listens
from tests.unit.accept.doubles import Desk, wait_for
from tests.unit.accept.stow.bodies import CONTENT_TYPE


@contextmanager
def serving(desk: Desk, **settings: Any) -> Iterator[int]:
    """The port. The server must not fail."""
    port, stop = free_port(), threading.Event()
    stow = StowSettings(enabled=True, port=port, **settings)
    settings_of_it = Settings(accept=desk.settings.model_copy(update={"stow": stow}))
    with open_web_intake(settings_of_it, desk.receiver, stop):
        wait_for(lambda: listens(port) or stop.is_set())
        yield port
        assert not stop.is_set()


def post(port: int, content: Any, study: str = "", scheme: str = "http", **options: Any) -> httpx.Response:
    """POST a body to /studies or /studies/{study}."""
    path = f"/studies/{study}" if study else "/studies"
    headers = {"Content-Type": CONTENT_TYPE} | options.pop("headers", {})
    with httpx.Client(timeout=60.0, **options) as client:
        return client.post(f"{scheme}://{HOST}:{port}{path}", content=content, headers=headers)


def module(response: httpx.Response) -> Dataset:
    """The Store Instances Response Module."""
    assert response.headers["content-type"] == "application/dicom+json"
    return Dataset.from_json(response.json())
