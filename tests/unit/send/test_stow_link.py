"""A destination by STOW-RS and QIDO-RS, against an HTTP server that is told what to answer."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from service.config import Destination, SendSettings
from service.errors import ConfigurationError, NotConfirmed, PeerUnavailable
from service.send.event_report import nothing_asked
from service.send.links import Links, check_destination
from service.send.sender import Sender
from service.send.stow_link import StowLink
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.deliveries import DeliveryState, Proof, StoredObject
from service.storage.store.memory import MemoryStore
from service.study.state import StudyState
from tests.servers.process import HOST, free_port
from tests.unit.outgoing_study import HEATMAP, REQUEST, SR, deliveries_in, report_study, study_in

STORED = StoredObject("1.5", "1.2", 1, "us-mass", "sr", "1.2.3", "1.4", "key", datetime.now(UTC))
MODULE_STORED = json.dumps({"00081199": {"vr": "SQ", "Value": [{}]}}).encode()


def failed(reason: int) -> bytes:
    item = {"00081197": {"vr": "US", "Value": [reason]}}
    return json.dumps({"00081198": {"vr": "SQ", "Value": [item]}}).encode()


def warned(reason: int) -> bytes:
    item = {"00081196": {"vr": "US", "Value": [reason]}}
    return json.dumps({"00081199": {"vr": "SQ", "Value": [item]}}).encode()


@dataclass
class Web:
    """Keeps what it is sent, but for what `forgets` names, and finds it."""

    answer: tuple[int, bytes] = (200, MODULE_STORED)
    find_status: int = 200
    forgets: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    posted: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    authorizations: list[str | None] = field(default_factory=list)
    url: str = ""

    def keep(self, body: bytes) -> None:
        self.posted.append(body)
        for uid in (SR, HEATMAP):
            if uid.encode() + b"\0" in body and uid not in self.forgets:
                self.held.add(uid)

    def found(self, path: str) -> tuple[int, bytes]:
        matches = [
            {"00080018": {"vr": "UI", "Value": [uid]}}
            for uid in self.held
            if f"SOPInstanceUID={uid}&" in path
        ]
        return self.find_status, json.dumps(matches).encode()


@contextmanager
def serving(web: Web) -> Iterator[Web]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            web.keep(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(*web.answer)

        def do_GET(self) -> None:
            self._answer(*web.found(self.path))

        def _answer(self, code: int, body: bytes) -> None:
            web.paths.append(self.path)
            web.authorizations.append(self.headers["Authorization"])
            self.send_response(code)
            self.send_header("Content-Type", "application/dicom+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer((HOST, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    web.url = f"http://{HOST}:{server.server_address[1]}/dicom-web"
    try:
        yield web
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def destination(url: str, confirm: str = "auto", **settings: Any) -> Destination:
    stow = {"url": url, "timeout_s": 10} | settings
    return Destination.model_validate({"name": "pacs", "stow": stow, "confirm": confirm})


def link(url: str, **settings: Any) -> StowLink:
    to = destination(url, **settings)
    assert to.stow is not None
    return StowLink(to.stow)


def sender(ledger: Ledger, store: MemoryStore, to: Destination) -> Sender:
    links = Links([to], SendSettings(), nothing_asked)
    return Sender(ledger, store, {"pacs": to}, links.open, wait_s=0.0)


@pytest.mark.parametrize(("confirm", "proof"), [("auto", Proof.QUERY), ("status", Proof.STOW_STATUS)])
def test_study_is_delivered_by_stow(ledger: Ledger, store: MemoryStore, confirm: str, proof: Proof) -> None:
    report_study(ledger, store)
    with serving(Web()) as web:
        sender(ledger, store, destination(web.url, confirm)).handle(REQUEST)
    assert study_in(ledger).state is StudyState.DELIVERED
    assert {one.proof for one in deliveries_in(ledger).values()} == {proof}
    assert web.paths[:2] == ["/dicom-web/studies"] * 2
    boundary = web.posted[0].split(b"\r\n")[0]
    assert web.posted[0].startswith(boundary + b"\r\nContent-Type: application/dicom\r\n\r\n" + bytes(128))
    assert web.posted[0].endswith(b"\r\n" + boundary + b"--\r\n")


def test_object_that_qido_does_not_find_is_not_delivered(ledger: Ledger, store: MemoryStore) -> None:
    report_study(ledger, store)
    with serving(Web(forgets={SR})) as web, pytest.raises(NotConfirmed, match="QIDO-RS does not find yet"):
        sender(ledger, store, destination(web.url)).handle(REQUEST)
    assert deliveries_in(ledger)[SR].state is DeliveryState.SENT


def test_server_without_qido_counts_by_its_answer_and_the_detail_says_so(
    ledger: Ledger, store: MemoryStore
) -> None:
    report_study(ledger, store)
    with serving(Web(find_status=501)) as web:
        sender(ledger, store, destination(web.url)).handle(REQUEST)
    delivery = deliveries_in(ledger)[SR]
    assert delivery.proof is Proof.STOW_STATUS
    assert "HTTP 501" in delivery.detail


@pytest.mark.parametrize(
    ("answer", "status", "is_there", "retryable"),
    [
        ((200, MODULE_STORED), 0x0000, True, False),
        ((200, b""), 0x0000, True, False),
        ((202, warned(0xB000)), 0xB000, True, False),
        ((409, failed(0x0111)), 0x0111, True, False),
        ((409, failed(0x0122)), 0x0122, False, False),
        ((409, failed(0xA700)), 0xA700, False, True),
        ((409, failed(0xC122)), 0xC122, False, False),
        ((503, failed(0xA700)), 0xA700, False, True),
        ((400, b"no"), 0x0110, False, False),
        ((409, b"<html>"), 0x0110, False, False),
        ((415, b""), 0x0110, False, False),
    ],
)
def test_answer_decides(answer: tuple[int, bytes], status: int, is_there: bool, retryable: bool) -> None:
    with serving(Web(answer)) as web:
        sent = link(web.url).store(STORED, b"data")
    assert (sent.status, sent.is_there, sent.retryable) == (status, is_there, retryable)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (302, "a redirection"),
        (401, "look at bearer_token_file"),
        (403, "our rights there"),
        (404, "stow.url"),
        (429, "HTTP 429"),
        (500, "HTTP 500"),
        (503, "HTTP 503"),
    ],
)
def test_answer_that_says_nothing_of_the_object_is_tried_again(code: int, words: str) -> None:
    with serving(Web((code, b""))) as web, pytest.raises(PeerUnavailable, match=words):
        link(web.url).store(STORED, b"data")


def test_server_that_is_down_is_unavailable() -> None:
    url = f"http://{HOST}:{free_port()}"
    with pytest.raises(PeerUnavailable, match="cannot be reached"):
        link(url).store(STORED, b"data")
    with pytest.raises(PeerUnavailable, match="cannot be reached"):
        link(url).holds(STORED)


def test_token_goes_along_and_one_that_is_missing_is_a_delay(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    with serving(Web()) as web:
        link(web.url, bearer_token_file=tmp_path / "token").store(STORED, b"data")
        assert web.authorizations == ["Bearer secret"]
        with pytest.raises(PeerUnavailable, match=r"bearer_token_file .* cannot be read"):
            link(web.url, bearer_token_file=tmp_path / "none").store(STORED, b"data")


def test_certificates_that_cannot_be_read_are_an_error_at_start_and_a_delay_later(tmp_path: Path) -> None:
    to = destination("https://pacs.invalid", ca=tmp_path / "none.pem")
    with pytest.raises(ConfigurationError, match=r"ca .* cannot be read"):
        check_destination(to)
    with pytest.raises(PeerUnavailable, match=r"ca .* cannot be read"):
        link("https://pacs.invalid", ca=tmp_path / "none.pem")
