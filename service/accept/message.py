"""Fragments of P-DATA-TF become a message: a command set, then its dataset (PS3.8 annex E, PS3.7 6.3)."""

from collections.abc import Callable

import structlog

from service.accept.abort import AbortReason, ProtocolError
from service.accept.arrival import Arrival
from service.accept.command import Command, CommandField, OtherStatus, read_command
from service.accept.limits import MAX_COMMAND_BYTES
from service.accept.negotiation import Context
from service.accept.request import StoreRequest
from service.accept.status import StoreStatus
from service.accept.store_instance import InstanceReceiver

log = structlog.get_logger()

Respond = Callable[[Command, int, Context], None]
"""Sends the response to a request: its command, the status, the presentation context it came in."""


class Message:
    """One message, which has begun in `context`. Raises ProtocolError for what is no message."""

    def __init__(
        self, context: Context, calling_ae_title: str, receiver: InstanceReceiver, respond: Respond
    ) -> None:
        self.has_ended = False
        self._context = context
        self._calling_ae_title = calling_ae_title
        self._receiver = receiver
        self._respond = respond
        self._encoded_command = bytearray()
        self._command: Command | None = None
        self._arrival: Arrival | None = None

    def begin_fragment(self, context_id: int, *, is_command: bool) -> None:
        """A fragment begins. Raises ProtocolError unless it is of the kind that must come now."""
        if self._context.context_id != context_id:
            raise ProtocolError(
                AbortReason.UNEXPECTED_PARAMETER, "the presentation context changes within a message"
            )
        if is_command is not (self._command is None):
            raise ProtocolError(
                AbortReason.UNEXPECTED_PARAMETER, "command set and dataset do not come in this order"
            )

    def add(self, data: memoryview) -> None:
        """Bytes of the fragment that has begun; the caller may overwrite them afterwards."""
        if self._command is None:
            self._encoded_command += data
            if len(self._encoded_command) > MAX_COMMAND_BYTES:
                raise ProtocolError(
                    AbortReason.INVALID_PARAMETER, f"a command set has over {MAX_COMMAND_BYTES} bytes"
                )
        elif self._arrival is not None:
            self._arrival.write(data)

    def end_last_fragment(self) -> None:
        """The last fragment of the command set or of the dataset has ended: a request may be carried out."""
        if self._command is not None:
            self._carry_out(self._command)
            return
        self._command = command = read_command(bytes(self._encoded_command))
        if command.field == CommandField.C_STORE and command.sop_class_uid == self._context.abstract_syntax:
            self._arrival = self._receiver.begin(self._store_request(command))
        if command.field == CommandField.C_ECHO or not command.has_dataset:
            self._carry_out(command)

    def abort(self) -> None:
        """Forget a dataset that has not ended."""
        if self._arrival is not None:
            self._arrival.abort()

    def _carry_out(self, command: Command) -> None:
        self.has_ended = True
        if command.field != CommandField.C_CANCEL:  # what it would cancel has ended, and it gets no answer
            self._respond(command, self._status(command), self._context)

    def _status(self, command: Command) -> int:
        if self._arrival is not None:
            return self._receiver.finish(self._arrival)
        if command.field == CommandField.C_ECHO:
            return OtherStatus.SUCCESS
        is_store = command.field == CommandField.C_STORE
        refusal = StoreStatus.SOP_CLASS_NOT_SUPPORTED if is_store else OtherStatus.UNRECOGNIZED_OPERATION
        log.warning(
            "request refused",
            calling_ae_title=self._calling_ae_title,
            command_field=f"0x{command.field:04X}",
            status=f"0x{refusal:04X}",
        )
        return refusal

    def _store_request(self, command: Command) -> StoreRequest:
        return StoreRequest(
            command.sop_class_uid,
            command.sop_instance_uid,
            self._context.transfer_syntax_uid,
            self._calling_ae_title,
        )
