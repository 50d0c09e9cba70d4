"""A PACS on pynetdicom that a test fills and tells how to misbehave."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, evt

from service.fetch.dimse import DimseArchive
from service.fetch.peer import Peer
from tests.fakes.datasets import EXPLICIT_VR_LE, IMPLICIT_VR_LE, US_IMAGE

FIND = "1.2.840.10008.5.1.4.1.2.2.1"
MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
GET = "1.2.840.10008.5.1.4.1.2.2.3"
STORABLE = {US_IMAGE: (EXPLICIT_VR_LE, IMPLICIT_VR_LE)}

Handler = Callable[[Any], Iterator[Any]]


@dataclass
class Archive:
    """What is in it, and where it is. `find`, `get` and `move` are pynetdicom's handlers."""

    images: list[Dataset] = field(default_factory=list)
    find: Handler | None = None
    get: Handler | None = None
    move: Handler | None = None
    models: tuple[str, ...] = (FIND, MOVE, GET)
    storage_role: bool = True
    require_calling: list[str] = field(default_factory=list)
    queries: list[Dataset] = field(default_factory=list)
    port: int = 1

    def peer(self, timeout_s: float = 20.0) -> Peer:
        return Peer("pacs", "127.0.0.1", self.port, "ARCHIVE", "PREREAD", 10.0, timeout_s)

    def archive(self, timeout_s: float = 20.0, **settings: Any) -> DimseArchive:
        return DimseArchive(self.peer(timeout_s), STORABLE, **settings)

    def on_find(self, event: Any) -> Iterator[Any]:
        """Every image at the level that is asked for, of the study and series that are asked for."""
        self.queries.append(event.identifier)
        if self.find is not None:
            yield from self.find(event)
            return
        wanted = event.identifier
        for image in self.images:
            if all(
                getattr(wanted, keyword, None) in (None, "", getattr(image, keyword))
                for keyword in ("StudyInstanceUID", "SeriesInstanceUID")
            ):
                yield 0xFF00, _match(image, wanted)

    def on_get(self, event: Any) -> Iterator[Any]:
        if self.get is not None:
            yield from self.get(event)
            return
        chosen = [one for one in self.images if one.SeriesInstanceUID == event.identifier.SeriesInstanceUID]
        yield len(chosen)
        for image in chosen:
            yield 0xFF00, image


def _match(image: Dataset, wanted: Dataset) -> Dataset:
    match = Dataset()
    match.QueryRetrieveLevel = wanted.QueryRetrieveLevel
    for element in wanted:
        if element.keyword != "QueryRetrieveLevel":
            setattr(match, element.keyword, getattr(image, element.keyword, None))
    return match


@contextmanager
def running(archive: Archive, tls: ssl.SSLContext | None = None) -> Iterator[Archive]:
    """Listening on `archive.port`."""
    ae = AE("ARCHIVE")
    ae.require_calling_aet = archive.require_calling
    for model in archive.models:
        ae.add_supported_context(model)
    ae.add_supported_context(US_IMAGE, [EXPLICIT_VR_LE, IMPLICIT_VR_LE], scp_role=True, scu_role=False)
    ae.add_requested_context(US_IMAGE, EXPLICIT_VR_LE)
    if not archive.storage_role:
        ae.remove_supported_context(US_IMAGE)
        ae.add_supported_context(US_IMAGE, [EXPLICIT_VR_LE])
    handlers: list[Any] = [(evt.EVT_C_FIND, archive.on_find), (evt.EVT_C_GET, archive.on_get)]
    if archive.move is not None:
        handlers.append((evt.EVT_C_MOVE, archive.move))
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers, ssl_context=tls)
    archive.port = server.server_address[1]
    try:
        yield archive
    finally:
        server.shutdown()
