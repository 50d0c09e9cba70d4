"""One association with a PACS: opened with a message that says what to check, released at its end."""

import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from pynetdicom import evt

from service.config import Destination, SendSettings
from service.errors import PeerUnavailable
from service.net.client_tls import client_context
from service.net.scu import (
    Called,
    Context,
    application_entity,
    keep_connection,
    open_association,
    quiet_libraries,
)

SLOWEST_LINK_BYTES_PER_S = 125_000
"""1 Mbit/s: the time to wait for an answer grows by what the object takes on such a link."""


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
    rejects or aborts, and when TLS fails.
    """
    quiet_libraries()
    ae = application_entity(settings.ae_title, contexts)
    ae.connection_timeout = ae.acse_timeout = settings.connect_timeout_s
    ae.dimse_timeout = ae.network_timeout = settings.dimse_timeout_s
    connections: list[socket.socket] = []
    handlers = [(evt.EVT_CONN_OPEN, _on_open, [settings.dimse_timeout_s, connections])]
    with open_association(ae, _called(peer, settings), handlers, connections) as assoc:
        yield Association(assoc, peer, settings)


def check_tls(peer: Destination) -> None:
    """Raises ConfigurationError where files of its TLS cannot be used."""
    if peer.tls is not None:
        client_context(_tls_setting(peer), peer.tls)


def _called(peer: Destination, settings: SendSettings) -> Called:
    where = _where(peer, settings)
    return Called(where, peer.host, peer.port, peer.ae_title, peer.tls, _tls_setting(peer))


def _tls_setting(peer: Destination) -> str:
    return f"destinations.{peer.name}.tls"


def _on_open(event: Any, timeout_s: float, connections: list[socket.socket]) -> None:
    """Send what is to be sent at once, too."""
    keep_connection(event, timeout_s, connections)
    connections[-1].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _where(peer: Destination, settings: SendSettings) -> str:
    return (
        f"{peer.name} ({peer.host} port {peer.port}, AE title {peer.ae_title}, called as {settings.ae_title})"
    )
