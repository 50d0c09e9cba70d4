"""Fragments of P-DATA-TF become a message: a command set, then its dataset (PS3.8 annex E, PS3.7 6.3)."""

from collections.abc import Callable

from service.accept.association.abort import AbortReason, ProtocolError
from service.accept.association.answer import Answer
from service.accept.association.command import Command, CommandField, read_command
from service.accept.association.incoming import Incoming
from service.accept.association.limits import MAX_COMMAND_BYTES
from service.accept.association.negotiation import Context

Begin = Callable[[Command, Context], Incoming]
"""Gives a message to who handles it. Raises ProtocolError for one that must not come now."""
Respond = Callable[[Command, Answer, Context], None]
"""Sends the response to a request: its command, the answer, the presentation context it came in."""


class Message:
    """One message, which has begun in `context`. Raises ProtocolError for what is no message."""

    def __init__(self, context: Context, begin: Begin, respond: Respond) -> None:
        self.has_ended = False
        self._context = context
        self._begin = begin
        self._respond = respond
        self._encoded_command = bytearray()
        self._command: Command | None = None
        self._incoming: Incoming | None = None
        self._gathered: list[memoryview] = []

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
        """Bytes of the fragment that has begun; the caller may overwrite them after `hand_over`."""
        if self._command is None:
            self._encoded_command += data
            if len(self._encoded_command) > MAX_COMMAND_BYTES:
                raise ProtocolError(
                    AbortReason.INVALID_PARAMETER, f"a command set has over {MAX_COMMAND_BYTES} bytes"
                )
        elif self._incoming is not None:
            self._gathered.append(data)

    def hand_over(self) -> None:
        """Pass on what was gathered of the dataset: all fragments that came at once are one write."""
        if self._incoming is not None and self._gathered:
            self._incoming.write(*self._gathered)
            self._gathered.clear()

    def end_last_fragment(self) -> None:
        """The last fragment of the command set or of the dataset has ended: the message may be whole."""
        if self._command is not None and self._incoming is not None:
            self.hand_over()
            self._carry_out(self._command, self._incoming)
            return
        self._command = command = read_command(bytes(self._encoded_command))
        self._incoming = incoming = self._begin(command, self._context)
        if command.field == CommandField.C_ECHO or not command.has_dataset:
            self._carry_out(command, incoming)

    def abort(self) -> None:
        """Forget a message that has not ended."""
        if self._incoming is not None:
            self._incoming.abort()

    def _carry_out(self, command: Command, incoming: Incoming) -> None:
        self.has_ended = True
        answer = incoming.finish()
        if answer is not None:
            self._respond(command, answer, self._context)
