"""One association, from the connection to its end, on a thread of its own (PS3.8 sections 9.2 and 9.3)."""

import socket
import struct
import time
import traceback
from collections.abc import Callable
from dataclasses import replace

import structlog

from service.accept.admission.admission import Caller, Rejection
from service.accept.admission.peers import Terms
from service.accept.association import negotiation
from service.accept.association.abort import ABORT, AbortReason, ProtocolError, abort_pdu
from service.accept.association.answer import Answer
from service.accept.association.associate_request import ASSOCIATE_RQ, Request, read_request
from service.accept.association.command import P_DATA, Command, response_pdus
from service.accept.association.event_reports import QUIET_BEFORE_REPORT_S, EventReports
from service.accept.association.incoming import Dispatch, Incoming, Requestor
from service.accept.association.limits import ASSOCIATE_WITHIN_S, LONGEST_PDU_BYTES, MAX_REQUEST_BYTES
from service.accept.association.message import Message
from service.accept.association.n_services import NServices
from service.accept.association.stop_signal import StopSignal
from service.accept.association.wire import LINGER_S, PeerGone, TooSlow, Wire
from service.accept.instance.receiver import InstanceReceiver
from service.telemetry.metrics.receiving import ABORTS, ASSOCIATION_SECONDS, OPEN_ASSOCIATIONS

log = structlog.get_logger()

_RELEASE_RQ, _RELEASE_RP = 0x05, 0x06
_KNOWN_PDUS = range(0x01, 0x08)
_FIXED_BYTES = 4
"""Length of A-RELEASE-RQ, A-RELEASE-RP, A-ABORT."""
_HEADER = struct.Struct(">BxL")
_FRAGMENT = struct.Struct(">LBB")
"""Item length, presentation context ID, message control header (PS3.8 9.3.5.1)."""


class Association:
    """Serves one peer. `admit` decides whether and how it may associate; `released` hears when it has ended.

    When the service is `stopping`, the association ends after the message that has begun.
    """

    def __init__(
        self,
        connection: socket.socket,
        host: str,
        receiver: InstanceReceiver,
        services: NServices,
        network_timeout_s: float,
        stopping: StopSignal,
        admit: Callable[[Caller], Rejection | Terms],
        released: Callable[[], None],
    ) -> None:
        self._wire = Wire(connection, stopping, self._hand_over)
        self._host = host
        self._reports = EventReports()
        self._dispatch = Dispatch(receiver, services, self._reports)
        self._timeout_s = network_timeout_s
        self._admit = admit
        self._released = released
        self._requestor = Requestor("")
        self._max_pdu_bytes = 0
        self._contexts: dict[int, negotiation.Context] = {}
        self._message: Message | None = None

    def serve(self) -> None:
        """Serve until the association has ended, whatever the peer does. Raises nothing."""
        linger = False
        try:
            linger = self._serve()
        except ProtocolError as error:
            linger = self._abort(error.reason, str(error))
        except TooSlow as error:
            linger = self._abort(AbortReason.NOT_SPECIFIED, str(error))
        except PeerGone as error:
            if self._requestor.calling_ae_title:  # not for the probe of a load balancer
                self._log("peer has gone", str(error))
        except Exception as error:  # outermost edge: other associations go on
            # Not the message: an unforeseen error may quote the dataset.
            where = traceback.extract_tb(error.__traceback__)[-1]
            log.error(
                "association failed", error=type(error).__name__, file=where.filename, line=where.lineno
            )
            linger = self._abort(AbortReason.NOT_SPECIFIED, "an error that nobody foresaw")
        finally:
            if self._message is not None:
                self._message.abort()
            self._reports.close()
            self._released()
            self._dispatch.sending.ended()
            self._wire.close(linger=linger)

    def cut(self) -> None:
        """End the connection at once. Any thread may call this."""
        self._wire.cut()

    def _serve(self) -> bool:
        """Returns whether the peer is to close first, so that it reads our last PDU."""
        self._give(min(ASSOCIATE_WITHIN_S, self._timeout_s))
        if not self._wire.wait_unless_stopping():
            return False
        request = self._read_request()
        terms = self._decide(request)
        self._give(self._timeout_s)
        if isinstance(terms, Rejection):
            self._wire.send(negotiation.reject_pdu(terms))
            return True
        self._requestor = replace(self._requestor, max_instance_bytes=terms.max_instance_bytes)
        answer, self._contexts = negotiation.accept(request, terms.supported, terms.max_pdu_bytes)
        self._max_pdu_bytes = request.max_pdu_bytes
        self._wire.send(answer)
        with OPEN_ASSOCIATIONS.track_inprogress(), ASSOCIATION_SECONDS.time():
            return self._serve_messages()

    def _read_request(self) -> Request:
        kind, length = self._header()
        if kind != ASSOCIATE_RQ:
            raise _unexpected(kind)
        if length > MAX_REQUEST_BYTES:
            raise ProtocolError(AbortReason.INVALID_PARAMETER, f"the association request has {length} bytes")
        return read_request(_HEADER.pack(kind, length) + bytes(self._wire.take(length)))

    def _decide(self, request: Request) -> Rejection | Terms:
        if not request.version_is_known:
            return Rejection.VERSION
        self._requestor = Requestor(request.calling_ae_title, request.called_ae_title)
        proposed = frozenset(context.abstract_syntax for context in request.contexts)
        return self._admit(Caller(request.calling_ae_title, request.called_ae_title, self._host, proposed))

    def _serve_messages(self) -> bool:
        while True:
            if not self._wait():
                return self._abort(AbortReason.SERVICE_USER, "the service is stopping")
            self._give(self._timeout_s)
            kind, length = self._header()
            if kind == P_DATA:
                self._read_data(length)
            elif kind == ABORT:
                self._log("peer has aborted", "the peer sent A-ABORT")
                return False
            elif kind == _RELEASE_RQ and length == _FIXED_BYTES and self._message is None:
                self._wire.take(length)
                self._released()
                self._dispatch.sending.released()
                self._wire.send(struct.pack(">BxLL", _RELEASE_RP, _FIXED_BYTES, 0))
                return True
            else:
                raise _unexpected(kind)

    def _wait(self) -> bool:
        """Wait for the peer's next PDU; False when the service stops between two messages."""
        self._give(self._timeout_s)
        if self._message is not None:
            self._wire.wait()
            return True
        ends = self._wire.deadline
        while self._reports.are_due and time.monotonic() < ends:
            self._give(QUIET_BEFORE_REPORT_S)
            try:
                return self._wire.wait_unless_stopping()
            except TooSlow:
                ends = self._report_event() or ends
        self._wire.deadline = ends
        return self._wire.wait_unless_stopping()

    def _report_event(self) -> float | None:
        """The peer is silent: tell it what it waits for, if that is known. Until when it may answer."""
        pdus = self._reports.next_pdus(self._max_pdu_bytes)
        if not pdus:
            return None
        self._give(self._timeout_s)
        self._wire.send(pdus)
        return self._wire.deadline

    def _header(self) -> tuple[int, int]:
        kind, length = _HEADER.unpack(self._wire.take(_HEADER.size))
        return kind, length

    def _read_data(self, length: int) -> None:
        if not 0 < length <= LONGEST_PDU_BYTES:
            raise ProtocolError(AbortReason.INVALID_PARAMETER, f"a P-DATA-TF PDU has {length} bytes")
        left = length
        while left:
            if left < _FRAGMENT.size:
                raise ProtocolError(AbortReason.INVALID_PARAMETER, "a P-DATA-TF PDU ends within a fragment")
            size, context_id, control = _FRAGMENT.unpack(self._wire.take(_FRAGMENT.size))
            left -= 4 + size
            if size < 2 or left < 0:  # noqa: PLR2004 - context ID and control header are counted
                raise ProtocolError(AbortReason.INVALID_PARAMETER, f"a fragment of {size} bytes does not fit")
            self._read_fragment(size - 2, context_id, control)

    def _read_fragment(self, left: int, context_id: int, control: int) -> None:
        self._message = message = self._message or self._begin_message(context_id)
        message.begin_fragment(context_id, is_command=bool(control & 1))
        while left:
            data = self._wire.some(left)
            message.add(data)
            left -= len(data)
        if control & 2:
            message.end_last_fragment()
            if message.has_ended:
                self._message = None

    def _hand_over(self) -> None:
        if self._message is not None:
            self._message.hand_over()

    def _begin_message(self, context_id: int) -> Message:
        context = self._contexts.get(context_id)
        if context is None:
            raise ProtocolError(
                AbortReason.INVALID_PARAMETER, f"presentation context {context_id} was not accepted"
            )
        return Message(context, self._begin_incoming, self._respond)

    def _begin_incoming(self, command: Command, context: negotiation.Context) -> Incoming:
        return self._dispatch.begin(command, context, self._requestor)

    def _respond(self, command: Command, answer: Answer, context: negotiation.Context) -> None:
        self._give(self._timeout_s)  # keeping an instance was our time, not the peer's
        self._wire.send(response_pdus(command, answer, context.context_id, self._max_pdu_bytes))

    def _give(self, seconds: float) -> None:
        """From now on the peer has so long for its next PDU, or to take ours."""
        self._wire.deadline = time.monotonic() + seconds

    def _abort(self, reason: AbortReason, what: str) -> bool:
        ABORTS.inc()
        self._log("association aborted", what)
        self._give(LINGER_S)
        try:
            self._wire.send(abort_pdu(reason))
        except (PeerGone, TooSlow):
            return False
        return True

    def _log(self, event: str, reason: str) -> None:
        log.warning(event, calling_ae_title=self._requestor.calling_ae_title, host=self._host, reason=reason)


def _unexpected(kind: int) -> ProtocolError:
    if kind in _KNOWN_PDUS:
        return ProtocolError(AbortReason.UNEXPECTED_PDU, f"a PDU of type {kind:#04x} came at the wrong time")
    return ProtocolError(AbortReason.UNRECOGNIZED_PDU, f"PDUs of type {kind:#04x} are not known")
