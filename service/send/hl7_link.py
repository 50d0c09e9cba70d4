"""A destination by HL7 v2: one message on one connection by MLLP, and the acknowledgement to it."""

import hashlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from service.config import Hl7Destination
from service.errors import PeerUnavailable
from service.net.client_tls import client_context
from service.send.message_link import MessageLink
from service.send.outcome import CANNOT_UNDERSTAND, SUCCESS, Sent
from service.storage.ledger.tables.deliveries import Proof, StoredObject

_START, _END = b"\x0b", b"\x1c\r"
_MAX_ACK_BYTES = 64 * 1024
_ACCEPTED = {"AA", "CA"}
_CODES = {"AA", "AE", "AR", "CA", "CE", "CR"}
"""Of MSA-1 (HL7 table 0008)."""
_CONTROL_ID_CHARS = 20


class Hl7Link(MessageLink):
    """The link port by MLLP."""

    status_proof = Proof.HL7_ACK

    def __init__(self, settings: Hl7Destination, tls_setting: str) -> None:
        """`tls_setting`: the section of the configuration that `settings.tls` are."""
        self._settings = settings
        self._tls_setting = tls_setting

    def store(self, stored: StoredObject, data: bytes) -> Sent:
        """Send the message and wait for its acknowledgement."""
        control_id = control_id_of(stored.sop_instance_uid)
        message = self._header(control_id).encode() + data
        with self._translated():
            acknowledgement = self._exchange(_START + message + _END)
        return _outcome(stored.sop_instance_uid, control_id, acknowledgement)

    def _header(self, control_id: str) -> str:
        one = self._settings
        names = (
            one.sending_application,
            one.sending_facility,
            one.receiving_application,
            one.receiving_facility,
        )
        return msh(names, control_id, datetime.now(UTC).strftime("%Y%m%d%H%M%S%z"))

    def _exchange(self, framed: bytes) -> str:
        one = self._settings
        with socket.create_connection((one.host, one.port), one.timeout_s) as plain:
            connection = plain
            if one.tls is not None:
                context = client_context(self._tls_setting, one.tls)
                connection = context.wrap_socket(plain, server_hostname=one.host)
            connection.sendall(framed)
            answer = bytearray()
            while not answer.endswith(_END):
                piece = connection.recv(4096)
                if not piece or len(answer) > _MAX_ACK_BYTES:
                    raise OSError("the answer is no acknowledgement in an MLLP frame")
                answer += piece
        return bytes(answer).strip(_START + _END).decode("utf-8", "replace")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:  # TLS errors and time-outs among them
            where = f"{self._settings.host} port {self._settings.port}"
            raise PeerUnavailable(f"{where} took no HL7 message: {error}") from None


def msh(names: tuple[str, str, str, str], control_id: str, sent_at: str) -> str:
    """MSH of an ORU^R01: sending application and facility, receiving ones, then what identifies it."""
    fields = ["MSH", "^~\\&", *names, sent_at, "", "ORU^R01^ORU_R01", control_id, "P", "2.5.1"]
    return "|".join([*fields, "", "", "AL", "NE", "", "UNICODE UTF-8"]) + "\r"


def control_id_of(sop_instance_uid: str) -> str:
    """MSH-10: the same for the same message, so that a receiver can tell a repetition."""
    return hashlib.sha256(sop_instance_uid.encode()).hexdigest()[:_CONTROL_ID_CHARS]


def _outcome(uid: str, control_id: str, acknowledgement: str) -> Sent:
    segments = [segment.split("|") for segment in acknowledgement.splitlines()]
    fields = next((fields for fields in segments if fields[0] == "MSA"), [])
    code, answers = (*fields[1:3], "", "")[:2]
    if code not in _CODES or answers != control_id:
        raise PeerUnavailable("the HL7 acknowledgement is none to our message: look at the receiver's log")
    if code in _ACCEPTED:
        return Sent(uid, SUCCESS, True, f"acknowledged ({code})")
    why = fields[3] if len(fields) > 3 and fields[3] else "its log says why"  # noqa: PLR2004 - MSA-3
    return Sent(uid, CANNOT_UNDERSTAND, False, f"the receiver answered {code}: {why[:200]}")
