"""Bounds on what one peer can make this process hold or wait for.

pynetdicom 3.0 reads a PDU of any length that is sent, waits for the rest of one without end, and collects a
dataset of any size in memory. A scanner never does that; a broken or hostile peer does.
"""

import socket
import time
from contextlib import suppress
from typing import Any

from pynetdicom.transport import AssociationSocket, RequestHandler, ThreadedAssociationServer

from service.accept.association.abort import ProtocolError
from service.accept.association.associate_request import ASSOCIATE_RQ, read_request
from service.accept.association.limits import BACKLOG, LONGEST_PDU_BYTES, MAX_COMMAND_BYTES, MAX_PDU_BYTES

_READ_BYTES = 256 * 1024
_HEADER_BYTES = 6


class BoundedSocket(AssociationSocket):  # type: ignore[misc] # pynetdicom is untyped here
    """A peer's connection on which a PDU has a bounded length and must arrive in bounded time."""

    _header = b""
    """Of the PDU whose content comes next."""

    def recv(self, nr_bytes: int) -> bytearray:
        """`nr_bytes`, fewer when the peer closes. Raises OSError for a PDU that is too long or too slow.

        pynetdicom asks for a PDU's header, then for its content. An association request is looked at before
        pynetdicom's decoder sees it, which takes seconds for one that is made to keep it busy.
        """
        received = self._received(nr_bytes)
        if len(self._header) == _HEADER_BYTES and self._header[0] == ASSOCIATE_RQ:
            _check_request(self._header + received)
        self._header = bytes(received) if not self._header and nr_bytes == _HEADER_BYTES else b""
        return received

    def _received(self, nr_bytes: int) -> bytearray:
        if nr_bytes > LONGEST_PDU_BYTES:
            raise OSError(
                f"the peer announced a PDU of {nr_bytes} bytes; at most {MAX_PDU_BYTES} were agreed"
            )
        timeout_s = self.assoc.network_timeout
        deadline = time.monotonic() + timeout_s
        received = bytearray(nr_bytes)
        view = memoryview(received)
        at = 0
        while at < nr_bytes:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the peer sent a part of a PDU and not the rest within {timeout_s} s")
            count = self.socket.recv_into(view[at : at + _READ_BYTES])
            if count == 0:
                break
            at += count
        view.release()
        return received[:at]

    def cut(self) -> None:
        """End the connection; its thread sees that the peer has closed, also where it waits for data."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)


def _check_request(pdu: bytes) -> None:
    try:
        read_request(pdu)
    except ProtocolError as error:
        raise OSError(str(error)) from None


class BoundedHandler(RequestHandler):  # type: ignore[misc]
    """Gives each association a BoundedSocket."""

    def _create_association(self) -> Any:
        assoc = super()._create_association()
        # The socket's constructor announces the connection to the state machine: keep one announcement.
        assoc.dul.event_queue.get_nowait()
        assoc.dul.socket = BoundedSocket(assoc, client_socket=self.request)
        return assoc


class BoundedServer(ThreadedAssociationServer):  # type: ignore[misc]
    """Listens, and closes connections beyond `max_connections` at once."""

    request_queue_size = BACKLOG

    def __init__(self, *args: Any, max_connections: int, **kwargs: Any) -> None:
        self._max_connections = max_connections
        super().__init__(*args, request_handler=BoundedHandler, **kwargs)

    def get_request(self) -> tuple[socket.socket, Any]:
        """One connection. Answers go out at once, and a silent peer is noticed."""
        connection, address = super().get_request()
        connection.settimeout(self.ae.network_timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return connection, address

    def verify_request(self, _request: Any, _client_address: Any) -> bool:
        """Whether one more connection is taken."""
        return len(self.active_associations) < self._max_connections


def bound_message(assoc: Any, max_dataset_bytes: int) -> None:
    """Called for each PDU: keep what is collected of the current message within bounds.

    A dataset keeps one byte more than `max_dataset_bytes`, so that it is seen to be too large; the rest is
    read and forgotten, and the peer gets its answer instead of a broken connection. A command set without
    end, or requests that do not wait for their answers, end the association: neither was agreed.
    """
    message = assoc.dimse.message
    if assoc.dimse.msg_queue.qsize() > 1:
        assoc.dul.socket.cut()
    if message is None:
        return
    if message.encoded_command_set.tell() > MAX_COMMAND_BYTES:
        assoc.dul.socket.cut()
    if message.data_set is not None and message.data_set.tell() > max_dataset_bytes + 1:
        message.data_set.seek(max_dataset_bytes + 1)
        message.data_set.truncate()
