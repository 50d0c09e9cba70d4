"""One association over a socket of its own: it can do what a library would never let a sender do.

There are no threads beside it, so latencies are those of the peer, and the processors are left to it.
"""

import socket
import struct
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from pynetdicom.dimse_messages import DIMSEMessage
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RJ, P_DATA_TF

from service.cli.simulate.pdu import (
    LONGEST_BYTES,
    abort_rq,
    associate_rq,
    context_id,
    release_rq,
    store_rq,
)
from service.cli.simulate.template import Sendable
from service.config import Destination
from service.errors import PeerRefused, PeerUnavailable

SOP_CLASS_NOT_SUPPORTED = 0x0122
_LONGEST_ANSWER_BYTES = 1024 * 1024
_HEAD_BYTES = 6
_AC, _RJ, _P_DATA = 0x02, 0x03, 0x04


class Link:
    """An association that is established. Raises PeerUnavailable, PeerRefused where it was rejected."""

    def __init__(
        self, peer: Destination, ae_title: str, contexts: Iterable[tuple[str, str]], timeout_s: float
    ) -> None:
        self._where = f"{peer.ae_title}@{peer.host}:{peer.port}"
        self._message_id = 0
        try:
            self._socket = socket.create_connection((peer.host, peer.port), timeout_s)
        except OSError as error:
            raise PeerUnavailable(f"{self._where} cannot be reached: {error.strerror or error}") from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        proposed = list(dict.fromkeys(contexts))
        try:
            self._send(associate_rq(peer.ae_title, ae_title, proposed))
            accepted = self._accepted()
        except BaseException:
            self.drop()
            raise
        taken = {
            one.context_id for one in accepted.presentation_context_definition_results_list if not one.result
        }
        ids = {context: context_id(place) for place, context in enumerate(proposed)}
        self._contexts = {context: number for context, number in ids.items() if number in taken}
        self._longest_bytes = min(accepted.maximum_length_received or LONGEST_BYTES, LONGEST_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drop()

    def store(self, image: Sendable, stop_halfway: bool = False) -> tuple[int, float]:
        """C-STORE; the status, and seconds from the dataset's last byte sent to the answer.

        With `stop_halfway` half of the dataset is sent, then A-ABORT. Raises PeerUnavailable then, and where
        the peer does not answer. A context that was not taken gives 0x0122 without a request.
        """
        context = self._contexts.get((image.sop_class_uid, image.transfer_syntax_uid))
        if context is None:
            return SOP_CLASS_NOT_SUPPORTED, 0.0
        self._message_id = self._message_id % 0xFFFF + 1
        pdus = list(store_rq(image, self._message_id, context, self._longest_bytes))
        for data in pdus[: max(1, len(pdus) // 2)] if stop_halfway else pdus:
            self._send(data)
        if stop_halfway:
            self._send(abort_rq())
            self.drop()
            raise PeerUnavailable(f"the simulation aborted its association with {self._where}")
        began_s = time.perf_counter()
        status = self._status()
        return status, time.perf_counter() - began_s

    def release(self) -> None:
        """A-RELEASE, and the answer to it. Raises PeerUnavailable."""
        self._send(release_rq())
        self._receive()
        self.drop()

    def drop(self) -> None:
        """Close the connection without a word."""
        self._socket.close()

    def _accepted(self) -> Any:
        """The peer's A-ASSOCIATE-AC as pynetdicom's primitive."""
        kind, data = self._receive()
        if kind == _RJ:
            rejected = A_ASSOCIATE_RJ()
            rejected.decode(data)
            raise PeerRefused(f"{self._where} rejected the association: {rejected.reason_str}")
        if kind != _AC:
            raise PeerUnavailable(f"{self._where} does not answer A-ASSOCIATE: check that it speaks DICOM")
        accepted = A_ASSOCIATE_AC()
        accepted.decode(data)
        return accepted.to_primitive()

    def _status(self) -> int:
        message = DIMSEMessage()
        while True:
            kind, data = self._receive()
            if kind != _P_DATA:
                raise PeerUnavailable(f"{self._where} ended the association instead of an answer")
            pdu = P_DATA_TF()
            pdu.decode(data)
            if message.decode_msg(pdu.to_primitive()):
                return int(message.message_to_primitive().Status)

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise PeerUnavailable(f"{self._where} ended the connection: {error}") from None

    def _receive(self) -> tuple[int, bytes]:
        """The next PDU: its type, and all of its bytes."""
        head = self._exactly(_HEAD_BYTES)
        kind, length = struct.unpack(">BxL", head)
        if length > _LONGEST_ANSWER_BYTES:
            raise PeerUnavailable(f"{self._where} announces an answer of {length} bytes: it speaks no DICOM")
        return kind, head + self._exactly(length)

    def _exactly(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            try:
                more = self._socket.recv(count - len(data))
            except OSError as error:
                raise PeerUnavailable(f"{self._where} does not answer: {error}") from None
            if not more:
                raise PeerUnavailable(f"{self._where} closed the connection")
            data += more
        return bytes(data)
