"""What is the same for every association that we open, whatever it is for."""

import logging
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from pynetdicom import AE

from service.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

MAX_CONTEXTS = 128
"""Presentation context IDs are the odd numbers up to 255 (PS3.8 9.3.2.2)."""
END_WITHIN_S = 2.0

Context = tuple[str, tuple[str, ...]]
"""A SOP Class UID and the Transfer Syntax UIDs proposed for it."""


def application_entity(ae_title: str, contexts: Iterable[Context]) -> Any:
    """Pynetdicom's AE under our name and implementation, which proposes exactly `contexts`."""
    ae = AE(ae_title)
    ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    for sop_class_uid, transfer_syntax_uids in contexts:
        ae.add_requested_context(sop_class_uid, list(transfer_syntax_uids))
    return ae


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


def why_not(assoc: Any, where: str, ae_title: str, calling_ae_title: str) -> str:
    """Why an association with `where`, which is called `ae_title`, was not established; and what to check."""
    if assoc.is_rejected:
        return (
            f"{where} rejected the association ({assoc.acceptor.primitive.reason_str}): check that it knows "
            f"our AE title {calling_ae_title} at this address, and that {ae_title} is its own"
        )
    return (
        f"{where} cannot be reached, aborted, or did not answer in time: check host and port, that a DICOM "
        "service without TLS listens there, and firewalls between"
    )


def quiet_libraries() -> None:
    """Below warnings pynetdicom and pydicom log what they send and receive, patient data included."""
    for name in ("pynetdicom", "pydicom"):
        library = logging.getLogger(name)
        library.setLevel(max(library.getEffectiveLevel(), logging.WARNING))
