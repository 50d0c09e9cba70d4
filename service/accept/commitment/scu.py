"""Storage commitment: an N-EVENT-REPORT on a new association, on which we are the SCP (PS3.7 D.3.3.4)."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pynetdicom import build_role, evt

from service.accept.association.answer import ServiceStatus
from service.accept.association.contexts import UNCOMPRESSED
from service.accept.association.event_reports import EventReport
from service.accept.fallback.quiet import quiet_pynetdicom
from service.config import AcceptSettings
from service.config.commitment_peer import CommitmentPeer
from service.errors import PeerUnavailable
from service.net.client_tls import client_context
from service.net.scu import Called, application_entity, keep_connection, open_association
from service.net.storage_commitment import STORAGE_COMMITMENT

CONNECT_WITHIN_S = 15.0
"""Time for a connection, and for the answer to the association request."""


class CommitmentSCU:
    """Reports to the peers of `accept.commitment_peers`. Raises ConfigurationError for files of TLS."""

    def __init__(self, settings: AcceptSettings) -> None:
        self._settings = settings
        self._peers = {peer.ae_title: peer for peer in settings.commitment_peers}
        for peer in settings.commitment_peers:
            if peer.tls is not None:
                client_context(_tls_setting(peer), peer.tls)
        quiet_pynetdicom()

    def send(self, ae_title: str, report: EventReport) -> None:
        """Send a report; return once the peer has answered Success. Raises PeerUnavailable."""
        peer = self._peers.get(ae_title)
        if peer is None:
            raise PeerUnavailable(
                f"where {ae_title} listens is not known: add its host and port to accept.commitment_peers"
            )
        with self._associate(peer) as assoc:
            try:
                answer, _ = assoc.send_n_event_report(
                    report.information,
                    report.event_type_id,
                    report.sop_class_uid,
                    report.sop_instance_uid,
                )
            except (RuntimeError, ValueError):  # pynetdicom's words for an association that has ended
                raise PeerUnavailable(f"{_where(peer)} ended the association") from None
        if "Status" not in answer:
            raise PeerUnavailable(f"{_where(peer)} did not answer the report")
        if answer.Status != ServiceStatus.SUCCESS:
            raise PeerUnavailable(f"{_where(peer)} answered the report with 0x{answer.Status:04X}")

    @contextmanager
    def _associate(self, peer: CommitmentPeer) -> Iterator[Any]:
        ae = application_entity(self._settings.ae_title, [(STORAGE_COMMITMENT, UNCOMPRESSED)])
        ae.connection_timeout = ae.acse_timeout = CONNECT_WITHIN_S
        timeout_s = self._settings.network_timeout_s
        ae.dimse_timeout = ae.network_timeout = timeout_s
        called = Called(_where(peer), peer.host, peer.port, peer.ae_title, peer.tls, _tls_setting(peer))
        connections: list[socket.socket] = []
        handlers = [(evt.EVT_CONN_OPEN, keep_connection, [timeout_s, connections])]
        roles = [build_role(STORAGE_COMMITMENT, scp_role=True)]
        with open_association(ae, called, handlers, connections, ext_neg=roles) as assoc:
            if not any(context.as_scp for context in assoc.accepted_contexts):
                raise PeerUnavailable(
                    f"{_where(peer)} does not let us be the SCP of storage commitment: its configuration "
                    "must accept that role from us"
                )
            yield assoc


def _where(peer: CommitmentPeer) -> str:
    return f"{peer.ae_title} of accept.commitment_peers ({peer.host} port {peer.port})"


def _tls_setting(peer: CommitmentPeer) -> str:
    return f"accept.commitment_peers.{peer.ae_title}.tls"
