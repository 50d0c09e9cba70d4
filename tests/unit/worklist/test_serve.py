import socket
import threading
import time

import httpx
import pytest
from fastapi import FastAPI

from service.config import WorklistSettings
from service.errors import ConfigurationError
from service.worklist.serve import serve


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def get(port: int) -> httpx.Response:
    deadline = time.monotonic() + 30
    while True:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/")
        except httpx.ConnectError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_serves_until_it_is_told_to_stop() -> None:
    app, stop, port = FastAPI(), threading.Event(), free_port()
    app.get("/")(lambda: {"here": True})
    server = threading.Thread(target=serve, args=(app, WorklistSettings(port=port), stop))
    server.start()

    answer = get(port)
    stop.set()
    server.join(30)

    assert answer.json() == {"here": True}
    assert "server" not in answer.headers
    assert not server.is_alive()


def test_taken_port_is_an_error_of_the_configuration() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = WorklistSettings(port=taken.getsockname()[1])

        with pytest.raises(ConfigurationError, match=r"change worklist.bind or worklist.port"):
            serve(FastAPI(), settings, threading.Event())
