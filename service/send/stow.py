"""Sending files by HTTP, STOW-RS (PS3.18 section 10.5): `preread submit --stow`."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from service.errors import ConfigurationError, PeerUnavailable
from service.send.outcome import Sent
from service.send.store_response import read_store_response, unexplained
from service.send.submit import InstanceFile, Submitted, instance_files

TIMEOUT_S = 60.0
_PIECE_BYTES = 1024 * 1024


def submit_by_stow(
    paths: Iterable[Path], url: str, token: str, progress: Callable[[Submitted], None]
) -> tuple[Submitted, ...]:
    """Send files, and all files in folders, one a request, read piece by piece; tell `progress` of each.

    `url` is the base of the DICOMweb service, without `/studies`; `token`, where not empty, a bearer token.
    Files that are no DICOM instances are skipped and reported. Raises ConfigurationError for another URL,
    PeerUnavailable when the service does not answer: what `progress` was told of before has arrived.
    """
    reports: list[Submitted] = []

    def report(one: Submitted) -> None:
        reports.append(one)
        progress(one)

    connection, path = _connect(url)
    try:
        for file in instance_files(paths, report):
            sent = _send(connection, path, token, file)
            report(Submitted(file.path, sent, sent.detail))
    except (OSError, HTTPException) as error:
        raise PeerUnavailable(
            f"{url} does not answer ({error}): check the address, and whether it runs"
        ) from None
    finally:
        connection.close()
    return tuple(reports)


def _connect(url: str) -> tuple[HTTPConnection, str]:
    """A connection, opened with the first request, and the path of the service's studies."""
    parts = urlsplit(url)
    kinds = {"http": HTTPConnection, "https": HTTPSConnection}
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if parts.scheme not in kinds or not host or parts.query:
        raise ConfigurationError(f"--stow {url}: write it as http://host:port/base or https://host:port/base")
    return kinds[parts.scheme](host, port, timeout=TIMEOUT_S), parts.path.rstrip("/") + "/studies"


def _send(connection: HTTPConnection, path: str, token: str, file: InstanceFile) -> Sent:
    boundary = uuid.uuid4().hex
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    tail = f"\r\n--{boundary}--\r\n".encode()
    headers = {
        "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
        "Content-Length": str(len(head) + file.path.stat().st_size + len(tail)),
        "Accept": "application/dicom+json",
    }
    if token:
        headers["Authorization"] = f"Bearer {token}"
    connection.request("POST", path, _body(head, file.path, tail), headers)
    response = connection.getresponse()
    code, answer = response.status, response.read()
    sent = read_store_response(file.sop_instance_uid, code, answer)
    return sent if sent is not None else unexplained(file.sop_instance_uid, code, answer)


def _body(head: bytes, path: Path, tail: bytes) -> Iterator[bytes]:
    yield head
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece
    yield tail
