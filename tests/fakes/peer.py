"""A DICOM peer that misbehaves: it plays a script of raw bytes over TCP, as client or as server."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

VERIFICATION = "1.2.840.10008.1.1"
IMPLICIT_VR_LE = "1.2.840.10008.1.2"
US_IMAGE = "1.2.840.10008.5.1.4.1.1.6.1"
ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA, RELEASE_RP, ABORT = 0x02, 0x03, 0x04, 0x06, 0x07


class BadPeer:
    """A client that sends what it is told, whatever the protocol says."""

    def __init__(self, port: int, timeout_s: float = 20.0, tls: ssl.SSLContext | None = None) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout_s)
        if tls is not None:
            self._socket = tls.wrap_socket(self._socket, suppress_ragged_eofs=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def associate(self, called: str = "PREREAD", calling: str = "BADPEER") -> int:
        """Ask for an association for ultrasound images; the type of the PDU that answers, 0 for none."""
        try:
            self.send(associate_rq(called, calling))
        except ConnectionError:
            return 0
        return self.receive_pdu()[0]

    def receive_pdu(self) -> tuple[int, bytes]:
        """The next PDU: its type and its content. Type 0 when the connection has ended."""
        header = self._exactly(6)
        if len(header) < 6:
            return 0, b""
        kind, length = struct.unpack(">BxL", header)
        return kind, self._exactly(length)

    def ended(self) -> bool:
        """Wait until the other side has closed the connection."""
        try:
            while self._socket.recv(65536):
                pass
        except ConnectionError:
            return True
        return True

    def _exactly(self, count: int) -> bytes:
        data = b""
        try:
            while len(data) < count and (more := self._socket.recv(count - len(data))):
                data += more
        except ConnectionError:
            return b""
        return data


class BadServer:
    """A server that plays `script` on each connection and closes it."""

    def __init__(self, script: Callable[[socket.socket], None]) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self._script(connection)


def pdu(kind: int, content: bytes, length: int | None = None) -> bytes:
    """A PDU; `length` lies about how long it is."""
    return struct.pack(">BxL", kind, len(content) if length is None else length) + content


def p_data(fragment: bytes, *, command: bool, last: bool, context_id: int = 1) -> bytes:
    """A P-DATA-TF PDU with one fragment (PS3.8 9.3.5)."""
    control = command | last << 1
    return pdu(P_DATA, struct.pack(">LBB", len(fragment) + 2, context_id, control) + fragment)


def store_rq(sop_instance_uid: str, message_id: int = 1) -> bytes:
    """A C-STORE-RQ command set for an ultrasound image (PS3.7 9.3.1.1), Implicit VR Little Endian."""
    elements = b"".join(
        (
            _command(0x0002, _uid(US_IMAGE)),
            _command(0x0100, struct.pack("<H", 0x0001)),
            _command(0x0110, struct.pack("<H", message_id)),
            _command(0x0700, struct.pack("<H", 0)),
            _command(0x0800, struct.pack("<H", 0x0001)),
            _command(0x1000, _uid(sop_instance_uid)),
        )
    )
    return _command(0x0000, struct.pack("<L", len(elements))) + elements


def associate_rq(called: str, calling: str, sop_class_uid: str = US_IMAGE) -> bytes:
    """An A-ASSOCIATE-RQ PDU for one SOP Class in Implicit VR Little Endian (PS3.8 9.3.2)."""
    context = (
        struct.pack(">Bxxx", 1) + _item(0x30, sop_class_uid.encode()) + _item(0x40, IMPLICIT_VR_LE.encode())
    )
    user = _item(0x51, struct.pack(">L", 16384)) + _item(0x52, b"1.2.3.4")
    head = struct.pack(">Hxx16s16s32x", 1, called.encode().ljust(16), calling.encode().ljust(16))
    items = _item(0x10, b"1.2.840.10008.3.1.1.1") + _item(0x20, context) + _item(0x50, user)
    return pdu(0x01, head + items)


def _item(kind: int, content: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(content)) + content


def _command(element: int, value: bytes) -> bytes:
    return struct.pack("<HHL", 0x0000, element, len(value)) + value


def _uid(uid: str) -> bytes:
    return uid.encode() + b"\0" * (len(uid) % 2)
