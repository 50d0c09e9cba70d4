"""A DICOMweb server that a test tells what to answer."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pydicom.dataset import Dataset

from service.config import DicomWebSource
from service.fetch.dicomweb import DicomWebArchive
from tests.servers.certificates import Credentials

JSON = "application/dicom+json"
MULTIPART = 'multipart/related; type="application/dicom"; boundary=b'


@dataclass
class Reply:
    """One answer. `declared_bytes` lies about the length of the body."""

    body: bytes = b"[]"
    content_type: str = JSON
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    declared_bytes: int | None = None


@dataclass
class Web:
    """What was asked, and where."""

    url: str
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def archive(self, **settings: Any) -> DicomWebArchive:
        source = DicomWebSource(qido_url=self.url, **{"timeout_s": 20.0} | settings)
        return DicomWebArchive(source)


def matches(*datasets: Dataset) -> Reply:
    return Reply(json.dumps([dataset.to_json_dict() for dataset in datasets]).encode())


def files(*parts: bytes) -> Reply:
    body = b"".join(b"\r\n--b\r\nContent-Type: application/dicom\r\n\r\n" + part for part in parts)
    return Reply(body + b"\r\n--b--", MULTIPART)


@contextmanager
def serving(answer: Callable[[str], Reply], tls: Credentials | None = None) -> Iterator[Web]:
    """Listening; `answer` gets the path with its query."""
    web = Web("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            web.asked.append(self.path)
            web.headers.append(dict(self.headers))
            reply = answer(self.path)
            self.send_response(reply.status)
            length = len(reply.body) if reply.declared_bytes is None else reply.declared_bytes
            for name, value in {"Content-Type": reply.content_type, **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: Any) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.certificate, tls.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    web.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}/dicom-web"
    try:
        yield web
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
