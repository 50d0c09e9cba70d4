"""Destinations by HL7, FHIR and webhook, against servers on this machine."""

import asyncio
import hashlib
import hmac
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import hl7
import pytest
from hl7.mllp import HL7StreamReader, HL7StreamWriter, start_hl7_server

from service.config import Destination, SendSettings
from service.errors import ConfigurationError, PeerUnavailable
from service.report.messages.hl7 import SEGMENT_END
from service.send.event_report import nothing_asked
from service.send.http_link import signature
from service.send.links import Links, check_destination
from service.send.sender import Sender
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.receive import record_received
from service.storage.ledger.tables.deliveries import Delivery, DeliveryState, Proof, StoredObject
from service.storage.store.memory import MemoryStore
from service.study.state import StudyState
from tests.factories import STUDY, received
from tests.servers.process import HOST, free_port
from tests.unit.outgoing_study import REQUEST, deliveries_in, move_to_reported, study_in

UID = "2.25.42"
BODIES = {
    "hl7": SEGMENT_END.join(["PID|1||P-7", "OBX|1|TX|121106^Comment^DCM||山", ""]).encode(),
    "fhir": b'{"resourceType": "Bundle"}',
    "webhook": b'{"event": "result"}',
}


def waiting_study(ledger: Ledger, store: MemoryStore, kind: str) -> None:
    """A study whose message waits to be sent to `pacs`."""
    record_received(ledger, received())
    stored = StoredObject(UID, STUDY, 1, "us-mass", kind, "", "2.25.1", f"objects/{UID}", datetime.now(UTC))
    store.put(stored.key, BODIES[kind])
    with ledger.begin() as tx:
        move_to_reported(tx)
        tx.deliveries.add_object(stored)
        tx.deliveries.add(stored, "pacs")


def send(ledger: Ledger, store: MemoryStore, **way: Any) -> Delivery:
    to = Destination.model_validate({"name": "pacs", **way})
    check_destination(to)
    links = Links([to], SendSettings(), nothing_asked)
    Sender(ledger, store, {"pacs": to}, links.open, wait_s=0.0).handle(REQUEST)
    return deliveries_in(ledger)[UID]


@contextmanager
def hl7_receiver(received_messages: list[hl7.Message], code: str = "AA") -> Iterator[int]:
    """The MLLP server of a library that is not ours."""
    port, loop, started = free_port(), asyncio.new_event_loop(), threading.Event()
    stop = asyncio.Event()

    async def answer(reader: HL7StreamReader, writer: HL7StreamWriter) -> None:
        message = await reader.readmessage()
        received_messages.append(message)
        writer.writemessage(message.create_ack(code))
        await writer.drain()
        writer.close()

    async def serve() -> None:
        async with await start_hl7_server(answer, HOST, port, encoding="utf-8"):
            started.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    started.wait()
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def test_an_hl7_message_is_delivered_once_it_is_acknowledged(ledger: Ledger, store: MemoryStore) -> None:
    waiting_study(ledger, store, "hl7")
    messages: list[hl7.Message] = []
    with hl7_receiver(messages) as port:
        sent = send(ledger, store, hl7={"host": HOST, "port": port, "receiving_application": "RIS"})
    assert (sent.state, sent.proof, sent.detail) == (
        DeliveryState.DELIVERED,
        Proof.HL7_ACK,
        "acknowledged (AA)",
    )
    assert study_in(ledger).state is StudyState.DELIVERED
    (message,) = messages
    head = message.segment("MSH")
    assert [str(head[number]) for number in (3, 5, 11, 12, 18)] == [
        "PREREAD",
        "RIS",
        "P",
        "2.5.1",
        "UNICODE UTF-8",
    ]
    assert str(message.segment("OBX")[5]) == "山"


@pytest.mark.parametrize("code", ["AE", "AR"])
def test_an_hl7_message_that_is_refused_fails_the_study(
    ledger: Ledger, store: MemoryStore, code: str
) -> None:
    waiting_study(ledger, store, "hl7")
    with hl7_receiver([], code) as port:
        sent = send(ledger, store, hl7={"host": HOST, "port": port})
    assert (sent.state, code in sent.detail) == (DeliveryState.REJECTED, True)
    assert study_in(ledger).state is StudyState.FAILED


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x0bMSH|^~\\&|A\rMSA|AA|another-message\r\x1c\r",
        b"\x0b\x1c\r",
    ],
)
def test_what_is_no_acknowledgement_is_tried_again(ledger: Ledger, store: MemoryStore, answer: bytes) -> None:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            self.request.sendall(answer)

    waiting_study(ledger, store, "hl7")
    with socketserver.TCPServer((HOST, 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with pytest.raises(PeerUnavailable):
            send(ledger, store, hl7={"host": HOST, "port": server.server_address[1], "timeout_s": 5})
        thread.join()
    assert deliveries_in(ledger)[UID].state is DeliveryState.WAITING


def test_an_hl7_receiver_that_is_away_is_tried_again(ledger: Ledger, store: MemoryStore) -> None:
    waiting_study(ledger, store, "hl7")
    with pytest.raises(PeerUnavailable, match="took no HL7 message"):
        send(ledger, store, hl7={"host": HOST, "port": free_port()})


@dataclass
class Web:
    """Remembers what it was sent."""

    status: int = 200
    url: str = ""
    posted: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def serving(status: int = 200) -> Iterator[Web]:
    web = Web(status)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            web.posted.append((self.path, dict(self.headers.items()), body))
            self.send_response(web.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        web.url = f"http://{HOST}:{server.server_address[1]}/r4"
        yield web
        server.shutdown()
        thread.join()


Way = Callable[[str], dict[str, Any]]


@pytest.fixture(params=["fhir", "webhook"])
def way(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Way]:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    further = {"secret_file": str(secret)} if request.param == "webhook" else {}
    return request.param, lambda url: {request.param: {"url": url, "timeout_s": 5} | further}


def test_a_message_is_delivered_by_http(ledger: Ledger, store: MemoryStore, way: tuple[str, Way]) -> None:
    kind, settings = way
    waiting_study(ledger, store, kind)
    with serving() as web:
        sent = send(ledger, store, **settings(web.url))
    assert (sent.state, sent.proof) == (DeliveryState.DELIVERED, Proof.HTTP_STATUS)
    ((path, _, body),) = web.posted
    assert (path, body) == ("/r4", BODIES[kind])


@pytest.mark.parametrize("status", [401, 404, 429, 503])
def test_what_may_change_there_is_tried_again(
    ledger: Ledger, store: MemoryStore, way: tuple[str, Way], status: int
) -> None:
    kind, settings = way
    waiting_study(ledger, store, kind)
    with serving(status) as web, pytest.raises(PeerUnavailable, match=f"{status}"):
        send(ledger, store, **settings(web.url))
    assert deliveries_in(ledger)[UID].state is DeliveryState.WAITING


def test_what_is_refused_fails_the_study(ledger: Ledger, store: MemoryStore, way: tuple[str, Way]) -> None:
    kind, settings = way
    waiting_study(ledger, store, kind)
    with serving(422) as web:
        assert send(ledger, store, **settings(web.url)).state is DeliveryState.REJECTED
    assert study_in(ledger).state is StudyState.FAILED


def test_a_webhook_is_signed_and_its_repetition_can_be_told(
    ledger: Ledger, store: MemoryStore, tmp_path: Path
) -> None:
    waiting_study(ledger, store, "webhook")
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    with serving() as web:
        send(ledger, store, webhook={"url": web.url, "secret_file": str(secret)})
    ((_, headers, body),) = web.posted
    sent_at, digest = (part.partition("=")[2] for part in headers["Preread-Signature"].split(","))
    expected = hmac.new(b"s3cret", f"{sent_at}.".encode() + body, hashlib.sha256).hexdigest()
    assert digest == expected
    assert headers["Preread-Delivery"] == UID
    assert signature(b"other", body, int(sent_at)) != headers["Preread-Signature"]


@pytest.mark.parametrize(("content", "problem"), [(None, "cannot be read"), ("\n", "is empty")])
def test_a_secret_that_cannot_be_used_is_told_at_start(
    tmp_path: Path, content: str | None, problem: str
) -> None:
    secret = tmp_path / "secret"
    if content is not None:
        secret.write_text(content)
    to = {"name": "hook", "webhook": {"url": "https://example.org", "secret_file": str(secret)}}
    with pytest.raises(ConfigurationError, match=problem):
        check_destination(Destination.model_validate(to))
