"""One association with a PACS: opened with a message that says what to check, released at its end."""

import logging
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pynetdicom import AE, evt

from service.config import Destination, SendSettings
from service.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from service.errors import PeerUnavailable

SLOWEST_LINK_BYTES_PER_S = 125_000
"""1 Mbit/s: the time to wait for an answer grows by what the object takes on such a link."""
MAX_CONTEXTS = 128
"""Presentation context IDs are the odd numbers up to 255 (PS3.8 9.3.2.2)."""

_END_WITHIN_S = 2.0

Context = tuple[str, tuple[str, ...]]
"""A SOP Class UID and the Transfer Syntax UIDs proposed for it."""


class Association:
    """An established association, or one on which the PACS took none of the contexts."""

    def __init__(self, assoc: Any, peer: Destination, settings: SendSettings) -> None:
        self._assoc = assoc
        self._peer = peer
        self._settings = settings
        self._message_id = 0

    def accepts(self, sop_class_uid: str, transfer_syntax_uids: Iterable[str]) -> bool:
        """Whether an object of this class can be sent in one of these transfer syntaxes."""
        wanted = set(transfer_syntax_uids)
        return any(
            context.abstract_syntax == sop_class_uid and context.transfer_syntax[0] in wanted
            for context in self._assoc.accepted_contexts
        )

    def store(self, dataset: Any, size_bytes: int) -> int:
        """C-STORE one dataset that has its file meta; the status of the answer.

        Raises PeerUnavailable when there is no answer, ValueError when the dataset cannot be encoded.
        """
        self._message_id = self._message_id % 0xFFFF + 1
        self._assoc.dimse_timeout = self._settings.dimse_timeout_s + size_bytes / SLOWEST_LINK_BYTES_PER_S
        try:
            answer = self._assoc.send_c_store(dataset, msg_id=self._message_id)
        except RuntimeError:  # pynetdicom's word for an association that has ended meanwhile
            raise self._broken() from None
        if "Status" not in answer:
            raise self._broken()
        return int(answer.Status)

    def _broken(self) -> PeerUnavailable:
        return PeerUnavailable(
            f"{_where(self._peer, self._settings)} ended the association or did not answer a C-STORE within "
            f"{self._assoc.dimse_timeout:.0f} s: check the log of the PACS and the network between"
        )


@contextmanager
def associate(
    peer: Destination, settings: SendSettings, contexts: Iterable[Context]
) -> Iterator[Association]:
    """Open an association that proposes exactly `contexts`, at most MAX_CONTEXTS; release it at the end.

    Raises PeerUnavailable, naming host, port, AE titles and what to check, when the PACS cannot be reached,
    rejects or aborts.
    """
    _quiet_libraries()
    connections: list[socket.socket] = []
    assoc = _request(peer, settings, contexts, connections)
    try:
        if not assoc.is_established and not assoc.rejected_contexts:
            raise PeerUnavailable(_why_not(assoc, peer, settings))
        yield Association(assoc, peer, settings)
    finally:
        _close(assoc, connections)


def _request(
    peer: Destination, settings: SendSettings, contexts: Iterable[Context], connections: list[socket.socket]
) -> Any:
    ae = AE(settings.ae_title)
    ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    ae.connection_timeout = settings.connect_timeout_s
    ae.acse_timeout = settings.connect_timeout_s
    ae.dimse_timeout = settings.dimse_timeout_s
    ae.network_timeout = settings.dimse_timeout_s
    for sop_class_uid, transfer_syntax_uids in contexts:
        ae.add_requested_context(sop_class_uid, list(transfer_syntax_uids))
    try:
        return ae.associate(
            peer.host,
            peer.port,
            ae_title=peer.ae_title,
            evt_handlers=[(evt.EVT_CONN_OPEN, _on_open, [settings.dimse_timeout_s, connections])],
        )
    except OSError as error:
        raise PeerUnavailable(
            f"{_where(peer, settings)} cannot be reached: {error.strerror or error}; check the host name"
        ) from None


def _on_open(event: Any, timeout_s: float, connections: list[socket.socket]) -> None:
    """Send what is to be sent at once, and never wait for a silent peer without end."""
    connection = event.assoc.dul.socket.socket
    connections.append(connection)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.settimeout(timeout_s)


def _why_not(assoc: Any, peer: Destination, settings: SendSettings) -> str:
    where = _where(peer, settings)
    if assoc.is_rejected:
        reason = assoc.acceptor.primitive.reason_str
        return (
            f"{where} rejected the association ({reason}): check that the PACS knows our AE title "
            f"{settings.ae_title} at this address, and that {peer.ae_title} is its own"
        )
    return (
        f"{where} cannot be reached, aborted, or did not answer in time: check host and port, that a DICOM "
        "service without TLS listens there, and firewalls between"
    )


def _where(peer: Destination, settings: SendSettings) -> str:
    return (
        f"{peer.name} ({peer.host} port {peer.port}, AE title {peer.ae_title}, called as {settings.ae_title})"
    )


def _close(assoc: Any, connections: list[socket.socket]) -> None:
    if assoc.is_established:
        assoc.release()
    if assoc.is_alive() and not assoc.is_released:
        with suppress(OSError):
            assoc.abort()
    # pynetdicom leaves a socket open when the peer was the first to close.
    if assoc.dul.is_alive():
        assoc.dul.join(_END_WITHIN_S)
    for connection in connections:
        connection.close()


def _quiet_libraries() -> None:
    """Below warnings pynetdicom and pydicom log what they send, patient data included."""
    for name in ("pynetdicom", "pydicom"):
        library = logging.getLogger(name)
        library.setLevel(max(library.getEffectiveLevel(), logging.WARNING))
