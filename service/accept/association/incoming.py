"""Who handles what comes: a message's command decides."""

from dataclasses import dataclass
from typing import Protocol

import structlog

from service.accept.association.abort import AbortReason, ProtocolError
from service.accept.association.answer import Answer, ServiceStatus
from service.accept.association.command import Command, CommandField
from service.accept.association.contexts import OTHER_SOP_CLASSES
from service.accept.association.event_reports import EventReports
from service.accept.association.n_services import IncomingAttributes, NServices
from service.accept.association.negotiation import Context
from service.accept.instance.arrival import Arrival
from service.accept.instance.receiver import InstanceReceiver
from service.accept.instance.request import StoreRequest
from service.accept.instance.sending import Sending
from service.accept.instance.status import StoreStatus

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Requestor:
    """Whose association it is. `max_instance_bytes` is None where nothing but the general bound holds."""

    calling_ae_title: str
    called_ae_title: str = ""
    max_instance_bytes: int | None = None


class Incoming(Protocol):
    """A message whose command set has come. Its dataset follows, if it has one."""

    def write(self, *pieces: memoryview) -> None:
        """The next bytes of the dataset; the caller may overwrite them afterwards."""
        ...

    def finish(self) -> Answer | None:
        """The message has ended: carry it out. None where there is nothing to answer."""
        ...

    def abort(self) -> None:
        """Forget a message that has not ended."""
        ...


class IncomingInstance:
    """A C-STORE: the dataset goes to the store as it comes."""

    def __init__(self, sending: Sending, request: StoreRequest, max_bytes: int | None = None) -> None:
        self._sending = sending
        self._arrival: Arrival = sending.begin(request, max_bytes)

    def write(self, *pieces: memoryview) -> None:
        """Into the store."""
        self._arrival.write(*pieces)

    def finish(self) -> Answer:
        """Keep the instance, durably, or say why not."""
        return Answer(self._sending.finish(self._arrival))

    def abort(self) -> None:
        """Leave nothing of it."""
        self._arrival.abort()


class Decided:
    """A message whose answer is known before its dataset, which nobody needs."""

    def __init__(self, answer: Answer | None) -> None:
        self._answer = answer

    def write(self, *pieces: memoryview) -> None:
        """Read and forgotten."""

    def finish(self) -> Answer | None:
        """What was decided."""
        return self._answer

    def abort(self) -> None:
        """Nothing is kept."""


class Dispatch:
    """Gives each message of one association to who handles it."""

    def __init__(self, receiver: InstanceReceiver, services: NServices, reports: EventReports) -> None:
        self.sending = Sending(receiver)
        self._services = services
        self._reports = reports

    def begin(self, command: Command, context: Context, requestor: Requestor) -> Incoming:
        """The handler of a message. Raises ProtocolError for a response that nobody waits for."""
        match command.field:
            case CommandField.C_STORE:
                return self._store(command, context, requestor)
            case CommandField.C_ECHO:
                return Decided(Answer(ServiceStatus.SUCCESS))
            case CommandField.C_CANCEL:
                return Decided(None)  # what it would cancel has ended, and it gets no answer
            case CommandField.N_EVENT_REPORT_RSP:
                return self._answered(command)
            case _:
                return self._serve(command, context, requestor)

    def _store(self, command: Command, context: Context, requestor: Requestor) -> Incoming:
        is_storage = context.abstract_syntax not in OTHER_SOP_CLASSES
        if not is_storage or command.sop_class_uid != context.abstract_syntax:
            return _refused(command, StoreStatus.SOP_CLASS_NOT_SUPPORTED, requestor)
        request = StoreRequest(
            command.sop_class_uid,
            command.sop_instance_uid,
            context.transfer_syntax_uid,
            requestor.calling_ae_title,
            requestor.called_ae_title,
        )
        return IncomingInstance(self.sending, request, requestor.max_instance_bytes)

    def _serve(self, command: Command, context: Context, requestor: Requestor) -> Incoming:
        if not self._services.offers(context.abstract_syntax, command.field):
            return _refused(command, ServiceStatus.UNRECOGNIZED_OPERATION, requestor)
        return IncomingAttributes(self._services, command, context, requestor.calling_ae_title, self._reports)

    def _answered(self, command: Command) -> Incoming:
        if not self._reports.answered(command.message_id, command.status or ServiceStatus.SUCCESS):
            raise ProtocolError(AbortReason.SERVICE_USER, "a response was sent to who has asked nothing")
        return Decided(None)


def _refused(command: Command, status: int, requestor: Requestor) -> Decided:
    log.warning(
        "request refused",
        calling_ae_title=requestor.calling_ae_title,
        command_field=f"0x{command.field:04X}",
        status=f"0x{status:04X}",
    )
    return Decided(Answer(status))
