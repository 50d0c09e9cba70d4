"""What is the same for every association that we open, whatever it is for."""

import logging
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from pynetdicom import AE

from service.config.tls import ClientTLS
from service.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from service.errors import ConfigurationError, PeerUnavailable
from service.net.client_tls import Attempt

MAX_CONTEXTS = 128
"""Presentation context IDs are the odd numbers up to 255 (PS3.8 9.3.2.2)."""
END_WITHIN_S = 2.0

Context = tuple[str, tuple[str, ...]]
"""A SOP Class UID and the Transfer Syntax UIDs proposed for it."""


@dataclass(frozen=True, slots=True)
class Called:
    """Whom we open an association with. `where` is for people, `tls_setting` the section that `tls` is."""

    where: str
    host: str
    port: int
    ae_title: str
    tls: ClientTLS | None = None
    tls_setting: str = ""


def application_entity(ae_title: str, contexts: Iterable[Context]) -> Any:
    """Pynetdicom's AE under our name and implementation, which proposes exactly `contexts`."""
    ae = AE(ae_title)
    ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    for sop_class_uid, transfer_syntax_uids in contexts:
        ae.add_requested_context(sop_class_uid, list(transfer_syntax_uids))
    return ae


@contextmanager
def open_association(
    ae: Any,
    called: Called,
    handlers: Sequence[Any],
    connections: Iterable[socket.socket] = (),
    **options: Any,
) -> Iterator[Any]:
    """Pynetdicom's association, established, or one on which the peer took none of the contexts.

    At the end it is released, and `connections` are closed. `options` are of pynetdicom's `associate`. Raises
    PeerUnavailable, which says what to check, when the peer cannot be reached, rejects or aborts, and when
    TLS fails.
    """
    attempt = _attempt(called)
    assoc = _request(ae, called, attempt, list(handlers), options)
    try:
        if not assoc.is_established and not assoc.rejected_contexts:
            raise PeerUnavailable(_why_not(assoc, called, ae.ae_title, attempt))
        yield assoc
    finally:
        end(assoc, connections)
        if attempt is not None:
            attempt.close()


def _attempt(called: Called) -> Attempt | None:
    """Files that were good at start may be replaced by bad ones, and those by good ones: try again later."""
    try:
        return Attempt(called.tls_setting, called.tls) if called.tls is not None else None
    except ConfigurationError as error:
        raise PeerUnavailable(f"{called.where} is not called without TLS: {error}") from None


def _request(ae: Any, called: Called, tls: Attempt | None, handlers: list[Any], options: Any) -> Any:
    try:
        return ae.associate(
            called.host,
            called.port,
            ae_title=called.ae_title,
            tls_args=(tls, called.host) if tls is not None else None,
            evt_handlers=handlers,
            **options,
        )
    except OSError as error:
        raise PeerUnavailable(
            f"{called.where} cannot be reached: {error.strerror or error}; check the host name"
        ) from None


def keep_connection(event: Any, timeout_s: float, connections: list[socket.socket]) -> None:
    """Handles EVT_CONN_OPEN: never wait for a silent peer without end; `connections` is for `end`."""
    connection = event.assoc.dul.socket.socket
    connections.append(connection)
    connection.settimeout(timeout_s)


def end(assoc: Any, connections: Iterable[socket.socket] = ()) -> None:
    """Release or abort an association, and close its connections."""
    if assoc.is_established:
        assoc.release()
    if assoc.is_alive() and not assoc.is_released:
        with suppress(OSError):
            assoc.abort()
    # pynetdicom leaves a socket open when the peer was the first to close.
    if assoc.dul.is_alive():
        assoc.dul.join(END_WITHIN_S)
    for connection in connections:
        connection.close()


def _why_not(assoc: Any, called: Called, calling_ae_title: str, tls: Attempt | None) -> str:
    if assoc.is_rejected:
        return (
            f"{called.where} rejected the association ({assoc.acceptor.primitive.reason_str}): check that it "
            f"knows our AE title {calling_ae_title} at this address, and that {called.ae_title} is its own"
        )
    failure = tls.why_failed() if tls is not None else ""
    if failure:
        return f"{called.where}: {failure}"
    secured = "without TLS" if tls is None else "with TLS"
    return (
        f"{called.where} cannot be reached, aborted, or did not answer in time: check host and port, that a "
        f"DICOM service {secured} listens there, and firewalls between"
    )


def quiet_libraries() -> None:
    """Below warnings pynetdicom and pydicom log what they send and receive, patient data included."""
    for name in ("pynetdicom", "pydicom"):
        library = logging.getLogger(name)
        library.setLevel(max(library.getEffectiveLevel(), logging.WARNING))
