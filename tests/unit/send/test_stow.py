import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from service.errors import ConfigurationError, PeerUnavailable
from service.send.stow import submit_by_stow
from service.send.submit import Submitted
from tests.fakes.datasets import part10, us_dataset
from tests.servers.process import HOST, free_port
from tests.unit.accept.doubles import Desk
from tests.unit.accept.stow.web import serving

TOKEN = "a-token-of-the-test"
BASIC_TEXT_SR = "1.2.840.10008.5.1.4.1.1.88.11"


@contextmanager
def answering(code: int, answer: bytes) -> Iterator[str]:
    """The URL of a server that reads requests and gives this answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(code)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer((HOST, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://{HOST}:{server.server_port}"
        server.shutdown()
        thread.join()


def test_folder_is_sent_and_each_file_is_reported(tmp_path: Path) -> None:
    desk, told = Desk(), list[Submitted]()
    (tmp_path / "tokens").write_text(f"ROOM_7 {TOKEN}\n")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "1.dcm").write_bytes(part10(us_dataset(PixelData=bytes(3_000_000))))
    (tmp_path / "in" / "2.dcm").write_bytes(part10(us_dataset(SOPClassUID=BASIC_TEXT_SR)))
    (tmp_path / "in" / "3.txt").write_text("left breast, see image 3")
    with serving(desk, tokens_file=tmp_path / "tokens") as port:
        reports = submit_by_stow([tmp_path / "in"], f"http://{HOST}:{port}/", TOKEN, told.append)
    assert {one.path.name: one.accepted for one in reports} == {"1.dcm": True, "2.dcm": False, "3.txt": False}
    assert {one.path.name for one in reports if one.sent is None} == {"3.txt"}
    assert "does not store this SOP Class" in next(one.detail for one in reports if one.path.name == "2.dcm")
    assert tuple(told) == reports
    assert [one.calling_ae_title for one in desk.ledger.instances.values()] == ["ROOM_7"]


def test_refusal_of_the_request_is_told_in_its_words(tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text(f"ROOM_7 {TOKEN}\n")
    (tmp_path / "1.dcm").write_bytes(part10(us_dataset()))
    with serving(Desk(), tokens_file=tmp_path / "tokens") as port:
        (report,) = submit_by_stow([tmp_path / "1.dcm"], f"http://{HOST}:{port}", "", lambda _one: None)
    assert not report.accepted
    assert report.detail.startswith("HTTP status 401: send Authorization")


@pytest.mark.parametrize(
    ("code", "answer"), [(200, b""), (409, b"<html>"), (200, b"[]"), (409, b'{"00081198": 1}')]
)
def test_answer_that_is_none_is_no_success(tmp_path: Path, code: int, answer: bytes) -> None:
    (tmp_path / "1.dcm").write_bytes(part10(us_dataset()))
    with answering(code, answer) as url:
        (report,) = submit_by_stow([tmp_path], url, "", lambda _one: None)
    assert not report.accepted
    assert report.detail.startswith(f"HTTP status {code}")


def test_service_that_is_down_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "1.dcm").write_bytes(part10(us_dataset()))
    with pytest.raises(PeerUnavailable, match="does not answer"):
        submit_by_stow([tmp_path], f"http://{HOST}:{free_port()}", "", lambda _one: None)


@pytest.mark.parametrize(
    "url", ["host:8104", "ftp://host", "http://", "http://host:99999", "http://host/?x=1"]
)
def test_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="--stow"):
        submit_by_stow([], url, "", lambda _one: None)
