"""One association with a PACS: opened with a message that says what to check, released at its end."""

import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pynetdicom import evt

from service.config import Destination, SendSettings
from service.errors import PeerAborted, PeerUnavailable
from service.net.scu import (
    END_WITHIN_S,
    Called,
    Context,
    application_entity,
    keep_connection,
    open_association,
    quiet_libraries,
)
from service.net.storage_commitment import (
    REQUEST_STORAGE_COMMITMENT,
    STORAGE_COMMITMENT,
    STORAGE_COMMITMENT_INSTANCE,
    action_information,
)
from service.send.event_report import (
    Beside,
    OnReport,
    nothing_asked,
    on_event_report,
    on_pdu_received,
    on_pdu_sent,
)
from service.storage.ledger.tables.commitments import Reference

_ANSWERING_S = 0.002
SLOWEST_LINK_BYTES_PER_S = 125_000
"""1 Mbit/s: the time to wait for an answer grows by what the object takes on such a link."""


class Association:
    """An established association, or one on which the PACS took none of the contexts.

    `assoc` is pynetdicom's. `owed` are the Transaction UIDs that the PACS has yet to report, perhaps here.
    """

    def __init__(
        self,
        assoc: Any,
        peer: Destination,
        settings: SendSettings,
        beside: Beside,
    ) -> None:
        self.assoc = assoc
        self.owed = beside.owed
        self._beside = beside
        self._peer = peer
        self._settings = settings
        self._message_id = 0

    def __str__(self) -> str:
        return _where(self._peer, self._settings)

    @property
    def is_open(self) -> bool:
        """Whether it can be used: neither side has ended it."""
        return bool(self.assoc.is_established) and not self._beside.aborted.is_set()

    def accepts(self, sop_class_uid: str, transfer_syntax_uids: Iterable[str]) -> bool:
        """Whether an object of this class can be sent in one of these transfer syntaxes."""
        wanted = set(transfer_syntax_uids)
        return any(
            context.abstract_syntax == sop_class_uid and context.transfer_syntax[0] in wanted
            for context in self.assoc.accepted_contexts
        )

    def store(self, dataset: Any, size_bytes: int) -> int:
        """C-STORE one dataset that has its file meta; the status of the answer.

        Raises PeerUnavailable when there is no answer, ValueError when the dataset cannot be encoded.
        """
        message_id = self._begin(size_bytes)
        try:
            answer = self.assoc.send_c_store(dataset, msg_id=message_id)
        except RuntimeError:  # pynetdicom's word for an association that has ended meanwhile
            raise self.broken() from None
        return self._status(answer)

    def request_commitment(self, transaction_uid: str, references: Sequence[Reference]) -> int:
        """N-ACTION for storage commitment (PS3.4 J.3.2); the status of the answer. Raises PeerUnavailable."""
        message_id = self._begin()
        self.owed.add(transaction_uid)
        try:
            answer, _ = self.assoc.send_n_action(
                action_information(transaction_uid, references),
                REQUEST_STORAGE_COMMITMENT,
                STORAGE_COMMITMENT,
                STORAGE_COMMITMENT_INSTANCE,
                msg_id=message_id,
            )
        except (RuntimeError, ValueError):
            raise self.broken() from None
        return self._status(answer)

    def echo(self) -> int:
        """C-ECHO (PS3.7 9.1.5); the status of the answer. Raises PeerUnavailable."""
        message_id = self._begin()
        try:
            answer = self.assoc.send_c_echo(msg_id=message_id)
        except (RuntimeError, ValueError):
            raise self.broken() from None
        return self._status(answer)

    def broken(self) -> PeerUnavailable:
        """Why no answer came. PeerAborted where the PACS sent A-ABORT: so some say that they will not."""
        if self._beside.aborted.is_set():
            return PeerAborted(
                f"{self} ended the association when it was asked (A-ABORT): check the log of the PACS, and "
                "whether it lets our AE title do that"
            )
        return PeerUnavailable(
            f"{self} ended the association or did not answer within {self.assoc.dimse_timeout:.0f} s: check "
            "the log of the PACS and the network between"
        )

    def let_answer(self) -> None:
        """Wait until a report that has just come is answered."""
        deadline = time.monotonic() + END_WITHIN_S
        while self.is_open and self._beside.is_answering.is_set() and time.monotonic() < deadline:
            time.sleep(_ANSWERING_S)

    def _begin(self, size_bytes: int = 0) -> int:
        """The message ID of the next request, and the time for its answer."""
        self.let_answer()
        self._message_id = self._message_id % 0xFFFF + 1
        self.assoc.dimse_timeout = self._settings.dimse_timeout_s + size_bytes / SLOWEST_LINK_BYTES_PER_S
        return self._message_id

    def _status(self, answer: Any) -> int:
        if "Status" not in answer:
            raise self.broken()
        return int(answer.Status)


@contextmanager
def associate(
    peer: Destination,
    settings: SendSettings,
    contexts: Iterable[Context],
    on_report: OnReport = nothing_asked,
) -> Iterator[Association]:
    """Open an association that proposes exactly `contexts`, at most MAX_CONTEXTS; release it at the end.

    `on_report` is called on a thread of the association. Raises PeerUnavailable, naming host, port, AE titles
    and what to check, when the PACS cannot be reached, rejects or aborts, and when TLS fails.
    """
    quiet_libraries()
    ae = application_entity(settings.ae_title, contexts)
    ae.connection_timeout = ae.acse_timeout = settings.connect_timeout_s
    ae.dimse_timeout = ae.network_timeout = settings.dimse_timeout_s
    connections: list[socket.socket] = []
    beside = Beside()
    handlers = [
        (evt.EVT_CONN_OPEN, _on_open, [settings.dimse_timeout_s, connections]),
        (evt.EVT_PDU_RECV, on_pdu_received, [beside]),
        (evt.EVT_PDU_SENT, on_pdu_sent, [beside]),
        (evt.EVT_N_EVENT_REPORT, on_event_report, [on_report, beside]),
    ]
    with open_association(ae, _called(peer, settings), handlers, connections) as assoc:
        association = Association(assoc, peer, settings, beside)
        try:
            yield association
        finally:
            association.let_answer()


def _called(peer: Destination, settings: SendSettings) -> Called:
    where = _where(peer, settings)
    return Called(where, peer.host, peer.port, peer.ae_title, peer.tls, tls_setting(peer))


def tls_setting(peer: Destination) -> str:
    """Where its TLS is configured."""
    return f"destinations.{peer.name}.tls"


def _on_open(event: Any, timeout_s: float, connections: list[socket.socket]) -> None:
    """Send what is to be sent at once, too."""
    keep_connection(event, timeout_s, connections)
    connections[-1].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _where(peer: Destination, settings: SendSettings) -> str:
    return (
        f"{peer.name} ({peer.host} port {peer.port}, AE title {peer.ae_title}, called as {settings.ae_title})"
    )
