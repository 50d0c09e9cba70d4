"""A strict worklist manager by UPS-RS: PS3.18 section 11, with the states and the final requirements of PS3.4
annex CC. None that could be installed here has it: this one was written for these tests, after the Standard.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydicom.dataset import Dataset

from tests.servers.ups_states import ANSWERS, Refusal, change_state, update

JSON = "application/dicom+json"
_PATH = re.compile(r"/rs/workitems(?:/([0-9.]+)(/state(?:/([A-Z0-9]+))?)?)?")
_SUBSCRIBE = re.compile(r"/rs/workitems/1\.2\.840\.10008\.5\.1\.4\.34\.5/subscribers/([A-Z0-9]+)")

Reply = tuple[int, str, bytes]
"""Status, Warning header, body."""


@dataclass
class Workitem:
    """One of them; `transaction_uid` is its lock, empty until it is claimed."""

    attributes: Dataset
    transaction_uid: str = ""
    updates: list[Dataset] = field(default_factory=list)

    @property
    def state(self) -> str:
        return str(self.attributes.ProcedureStepState)

    @property
    def progress(self) -> list[str]:
        """What was told of it, oldest first."""
        told = (one.get("ProcedureStepProgressInformationSequence") for one in self.updates)
        return [one[0].ProcedureStepProgressDescription for one in told if one]


@dataclass
class UpsServer:
    """What it holds and what it was asked. `before` may answer in its place; `dropped` are method and end of
    a path whose next answer is lost on the way, after it was carried out.
    """

    url: str = ""
    workitems: dict[str, Workitem] = field(default_factory=dict)
    asked: list[tuple[str, str, int]] = field(default_factory=list)
    before: Callable[[str, str], int | None] = lambda method, path: None
    dropped: list[tuple[str, str]] = field(default_factory=list)
    as_array: bool = True
    requester: str | None = None
    subscribers: dict[str, list[Any]] = field(default_factory=dict)
    channel_url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def request_cancel(self, uid: str, reason: str) -> bool:
        """RAD-88 of a workitem in progress: its performer hears of it if anybody listens (else C312)."""
        report = {
            "00000002": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.34.6.4"]},
            "00001000": {"vr": "UI", "Value": [uid]},
            "00001002": {"vr": "US", "Value": [2]},
            "00741236": {"vr": "AE", "Value": ["RIS"]},
            "00741238": {"vr": "LT", "Value": [reason]},
        }
        channels = [channel for channels in self.subscribers.values() for channel in channels]
        for channel in channels:
            channel.send(json.dumps(report))
        return bool(channels)

    def add(self, attributes: Dataset) -> Workitem:
        attributes.ProcedureStepState = "SCHEDULED"
        workitem = self.workitems[str(attributes.SOPInstanceUID)] = Workitem(attributes)
        return workitem

    def answer(self, method: str, target: str, content_type: str, body: bytes) -> Reply:  # noqa: PLR0911
        """One request, carried out."""
        parts = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if method == "POST" and (subscription := _SUBSCRIBE.fullmatch(parts.path)):
            self.subscribers.setdefault(subscription[1], [])
            return 201, "", b""
        match = _PATH.fullmatch(parts.path)
        if match is None:
            return 404, "no such resource", b""
        uid, is_state, requester = match[1], bool(match[2]), match[3]
        if method == "GET" and not is_state:
            return self._search(query) if uid is None else self._retrieve(uid)
        if content_type != JSON:
            return 415, "", b""
        workitem = self.workitems.get(uid or "")
        if workitem is None:
            return 404, "", b""
        changes = Dataset.from_json(json.loads(body))
        if method == "PUT" and is_state and requester == self.requester:
            return _told(change_state(workitem.attributes, workitem, changes))
        if method == "POST" and uid and not is_state:
            refusal = update(workitem.attributes, workitem.transaction_uid, query.get("transaction"), changes)
            if refusal is None:
                workitem.updates.append(changes)
            return _told(refusal)
        return 405, "", b""

    def _search(self, query: dict[str, str]) -> Reply:
        limit, offset = int(query.pop("limit", 100)), int(query.pop("offset", 0))
        query.pop("includefield", None)
        found = [one.attributes for one in self.workitems.values() if _matches(one.attributes, query)]
        page = found[offset : offset + limit]
        return (200, "", _json(page)) if page else (204, "", b"")

    def _retrieve(self, uid: str) -> Reply:
        if uid not in self.workitems:
            return 404, "", b""
        attributes = self.workitems[uid].attributes
        return 200, "", _json([attributes] if self.as_array else attributes)


def _json(what: list[Dataset] | Dataset) -> bytes:
    if isinstance(what, Dataset):
        return json.dumps(what.to_json_dict()).encode()
    return json.dumps([one.to_json_dict() for one in what]).encode()


def _matches(attributes: Dataset, query: dict[str, str]) -> bool:
    """Single value matching, within the first item of a sequence too (PS3.18 8.3.4)."""
    for path, wanted in query.items():
        *sequences, keyword = path.split(".")
        holder: Dataset | None = attributes
        for sequence in sequences:
            inner = holder.get(sequence) if holder is not None else None
            holder = inner[0] if inner else None
        if holder is None or str(holder.get(keyword, "")) != wanted:
            return False
    return True


def _told(refusal: Refusal | None) -> Reply:
    if refusal is None:
        return 200, "", b""
    status, warning = ANSWERS[refusal]
    return status, f"299 ups: {warning}", b""


@contextmanager
def serving(**settings: Any) -> Iterator[UpsServer]:
    """Listening on loopback."""
    ups = UpsServer(**settings)

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = urlsplit(self.path).path
            with ups.lock:
                early = ups.before(self.command, self.path)
                status, warning, answer = (
                    (early, "", b"")
                    if early is not None
                    else ups.answer(self.command, self.path, self.headers.get("Content-Type", ""), body)
                )
                ups.asked.append((self.command, path, status))
                dropped = next(
                    (one for one in ups.dropped if (self.command, path[-len(one[1]) :]) == one), None
                )
                if dropped is not None:
                    ups.dropped.remove(dropped)
                    self.close_connection = True
                    return
            self.send_response(status)
            if status == 201 and ups.channel_url:
                self.send_header("Content-Location", ups.channel_url)
            if warning:
                self.send_header("Warning", warning)
            self.send_header("Content-Type", JSON)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PUT = _any  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: Any) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    ups.url = f"http://127.0.0.1:{server.server_address[1]}/rs"
    try:
        yield ups
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
