import socket
from collections.abc import Iterator

import httpx
import pytest

from service.telemetry.endpoint import MOST_CONNECTIONS, Page, answering, metrics_page
from tests.servers.process import HOST, free_port


@pytest.fixture
def port() -> Iterator[int]:
    pages = {"/metrics": metrics_page, "/livez": lambda: Page(b"ok\n")}
    with answering(HOST, free_port(), pages) as port:
        assert port is not None
        yield port


def test_metrics_are_in_the_text_format(port: int) -> None:
    answer = httpx.get(f"http://{HOST}:{port}/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE preread_study_moves_total counter" in answer.text or "python_info" in answer.text


def test_other_paths_and_methods_are_not_answered(port: int) -> None:
    assert httpx.get(f"http://{HOST}:{port}/").status_code == 404
    assert httpx.get(f"http://{HOST}:{port}/livez?verbose=1").status_code == 200
    assert httpx.post(f"http://{HOST}:{port}/metrics").status_code == 501


def test_connections_that_say_nothing_take_only_their_places(port: int) -> None:
    silent = [socket.create_connection((HOST, port)) for _ in range(MOST_CONNECTIONS)]
    try:
        with socket.create_connection((HOST, port), timeout=5.0) as further:
            assert further.recv(1) == b""  # closed at once
    finally:
        for one in silent:
            one.close()


def test_port_that_is_taken_keeps_nobody_from_his_work() -> None:
    with socket.create_server((HOST, 0)) as taken, answering(HOST, taken.getsockname()[1], {}) as port:
        assert port is None
