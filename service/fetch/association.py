"""One association as an SCU of query, retrieve or storage: opened with a message that says what to check."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pynetdicom import _config, build_role, evt

from service.errors import PeerUnavailable
from service.fetch.peer import Peer
from service.fetch.silence import SilenceGuard
from service.net.scu import (
    END_WITHIN_S,
    Called,
    Context,
    application_entity,
    open_association,
    quiet_libraries,
)

UNCOMPRESSED = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")

_MAX_PDU_BYTES = 131072

OnStore = Callable[[Any], int]
"""Answers a C-STORE sub-operation (a pynetdicom event) with a status."""


class Association:
    """An established association. `assoc` is pynetdicom's."""

    def __init__(self, assoc: Any, peer: Peer, guard: SilenceGuard) -> None:
        self.assoc = assoc
        self._peer = peer
        self._guard = guard

    def accepts(self, sop_class_uid: str, *, as_scp: bool = False) -> bool:
        """Whether the peer took a context for this class, and the role asked for in it."""
        return any(
            context.abstract_syntax == sop_class_uid and (context.as_scp if as_scp else context.as_scu)
            for context in self.assoc.accepted_contexts
        )

    def echo(self) -> int:
        """C-ECHO (PS3.7 9.1.5); the status of the answer. Raises PeerUnavailable."""
        try:
            answer = self.assoc.send_c_echo()
        except (RuntimeError, ValueError):
            raise self.broken() from None
        if "Status" not in answer:
            raise self.broken()
        return int(answer.Status)

    def broken(self) -> PeerUnavailable:
        """Why no answer came."""
        if self._guard.has_cut:
            return PeerUnavailable(f"{self._peer} did not answer in time: look at its load and its log")
        return PeerUnavailable(f"{self._peer} ended the association before it had answered: its log says why")


@contextmanager
def associate(
    peer: Peer,
    contexts: Sequence[Context],
    scp_roles: Sequence[str] = (),
    on_store: OnStore | None = None,
    deadline: float | None = None,
) -> Iterator[Association]:
    """Open an association that proposes exactly `contexts`, at most MAX_CONTEXTS; release it at the end.

    `scp_roles` are the classes of which we offer to be the SCP (PS3.7 D.3.3.4); `deadline`, of
    `time.monotonic`, ends it whatever is going on. Raises PeerUnavailable, naming host, port, AE titles and
    what to check, when the peer cannot be reached, rejects or aborts, and when TLS fails.
    """
    _prepare_library()
    guard = SilenceGuard(peer.timeout_s, deadline)
    called = Called(str(peer), peer.host, peer.port, peer.ae_title, peer.tls, peer.tls_setting)
    options: dict[str, Any] = {
        "max_pdu": _MAX_PDU_BYTES,
        "ext_neg": [build_role(uid, scp_role=True) for uid in scp_roles],
    }
    try:
        ae = _application_entity(peer, contexts, deadline)
        with open_association(ae, called, _handlers(guard, on_store), **options) as assoc:
            try:
                yield Association(assoc, peer, guard)
            finally:
                assoc.acse_timeout = END_WITHIN_S
    finally:
        guard.end()


def _application_entity(peer: Peer, contexts: Sequence[Context], deadline: float | None) -> Any:
    ae = application_entity(peer.calling_ae_title, contexts)
    left_s = peer.connect_timeout_s
    if deadline is not None:
        left_s = max(0.01, min(left_s, deadline - time.monotonic()))
    ae.connection_timeout = ae.acse_timeout = left_s
    ae.dimse_timeout = None  # the guard ends what is silent
    ae.network_timeout = None
    ae.maximum_pdu_size = _MAX_PDU_BYTES
    return ae


def _handlers(guard: SilenceGuard, on_store: OnStore | None) -> list[Any]:
    def opened(event: Any) -> None:
        guard.heard()
        messages = event.assoc.dimse.msg_queue
        # Where the connection is closed already, nothing else would wake who waits for a message.
        guard.watch(event.assoc.dul.socket.socket, lambda: messages.put((None, None)))

    def store(event: Any) -> int:
        with guard.busy():
            return on_store(event) if on_store else 0

    def alive(_event: Any) -> None:
        guard.heard()

    storing = [(evt.EVT_C_STORE, store)] if on_store else []
    # A peer that takes what we send is alive: a large object may take longer than silence may.
    living = [(evt.EVT_DATA_RECV, alive), (evt.EVT_DATA_SENT, alive)]
    return [(evt.EVT_CONN_OPEN, opened), *living, *storing]


def _prepare_library() -> None:
    """Files are sent as they are; below warnings the libraries log what they send, patient data included."""
    _config.STORE_SEND_CHUNKED_DATASET = True
    _config.LOG_REQUEST_IDENTIFIERS = _config.LOG_RESPONSE_IDENTIFIERS = False
    quiet_libraries()
