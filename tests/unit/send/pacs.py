"""A PACS that a test tells what to answer."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import AE, evt

from service.config import Destination, SendSettings
from service.send.association import associate
from service.send.outcome import Sent
from service.send.scu import UNCOMPRESSED, not_taken, store

SETTINGS = SendSettings(ae_title="PREREAD", connect_timeout_s=10.0, dimse_timeout_s=10.0)


@dataclass
class Pacs:
    """What arrived, and under which associations."""

    destination: Destination
    datasets: list[Dataset] = field(default_factory=list)
    transfer_syntaxes: list[str] = field(default_factory=list)
    associations: list[list[tuple[str, list[str]]]] = field(default_factory=list)


@contextmanager
def running_pacs(
    contexts: dict[str, list[str]], answer: Callable[[Any], int] = lambda _event: 0x0000, **settings: Any
) -> Iterator[Pacs]:
    """A PACS that takes `contexts` (SOP class to transfer syntaxes) and answers C-STORE as told.

    `settings` are attributes of pynetdicom's AE.
    """
    pacs = Pacs(destination(1))

    def on_requested(event: Any) -> None:
        proposed = event.assoc.requestor.primitive.presentation_context_definition_list
        pacs.associations.append([(str(one.abstract_syntax), list(one.transfer_syntax)) for one in proposed])

    def on_store(event: Any) -> int:
        pacs.datasets.append(event.dataset)
        pacs.transfer_syntaxes.append(str(event.context.transfer_syntax))
        return answer(event)

    ae = AE("ARCHIVE")
    for sop_class_uid, transfer_syntax_uids in contexts.items():
        ae.add_supported_context(sop_class_uid, transfer_syntax_uids)
    for name, value in settings.items():
        setattr(ae, name, value)
    handlers = [(evt.EVT_REQUESTED, on_requested), (evt.EVT_C_STORE, on_store)]
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    pacs.destination = destination(server.server_address[1])
    try:
        yield pacs
    finally:
        server.shutdown()


def destination(port: int, host: str = "127.0.0.1") -> Destination:
    """The destination `archive`."""
    return Destination(name="archive", host=host, port=port, ae_title="ARCHIVE")


@dataclass(frozen=True)
class OutgoingObject:
    """One object to send. `data` is the whole DICOM file."""

    sop_class_uid: str
    sop_instance_uid: str
    data: bytes


def send_instances(
    peer: Destination, objects: Sequence[OutgoingObject], settings: SendSettings
) -> tuple[Sent, ...]:
    """Send objects over one association; one outcome for each."""
    classes = dict.fromkeys(one.sop_class_uid for one in objects)
    with associate(peer, settings, [(uid, UNCOMPRESSED) for uid in classes]) as association:
        return tuple(
            store(association, one.sop_instance_uid, dcmread(BytesIO(one.data)), len(one.data))
            if association.accepts(one.sop_class_uid, UNCOMPRESSED)
            else not_taken(one.sop_instance_uid, one.sop_class_uid)
            for one in objects
        )
