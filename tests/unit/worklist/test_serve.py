import socket
import ssl
import threading
import time
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from service.config import WorklistSettings
from service.config.tls import WebTLS
from service.errors import ConfigurationError
from service.worklist.serve import serve
from tests.servers.certificates import Hospital


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


def test_https_is_spoken_with_a_certificate(hospital: Hospital) -> None:
    tls = WebTLS(certificate=hospital.pacs.certificate, key=hospital.pacs.key)
    app, stop, port = FastAPI(), threading.Event(), free_port()
    settings = WorklistSettings(port=port, tls=tls)
    server = threading.Thread(target=serve, args=(app, settings, stop))
    server.start()
    try:
        trusts = ssl.create_default_context(cafile=str(hospital.authority.certificate))
        deadline = time.monotonic() + 30
        while True:
            try:
                answer = httpx.get(f"https://127.0.0.1:{port}/openapi.json", verify=trusts)
                break
            except httpx.ConnectError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        assert answer.status_code == 200
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"http://127.0.0.1:{port}/")
    finally:
        stop.set()
        server.join(30)


def test_a_certificate_needs_its_key(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="both certificate and key"):
        WebTLS(certificate=tmp_path / "worklist.pem")


def test_taken_port_is_an_error_of_the_configuration() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = WorklistSettings(port=taken.getsockname()[1])

        with pytest.raises(ConfigurationError, match=r"change worklist.bind or worklist.port"):
            serve(FastAPI(), settings, threading.Event())
