"""The DIMSE-N services on pynetdicom's data path. Their reports go out on new associations only."""

from collections.abc import Callable
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import evt

from service.accept.association.answer import Answer
from service.accept.association.command import Command, CommandField
from service.accept.association.n_services import NServices
from service.accept.association.negotiation import Context

_SERVED = (
    (evt.EVT_N_CREATE, CommandField.N_CREATE, "Affected", "AttributeList"),
    (evt.EVT_N_SET, CommandField.N_SET, "Requested", "ModificationList"),
    (evt.EVT_N_ACTION, CommandField.N_ACTION, "Requested", "ActionInformation"),
    (evt.EVT_N_EVENT_REPORT, CommandField.N_EVENT_REPORT, "Affected", "EventInformation"),
)
"""Event, command, whose UIDs it has, and what pynetdicom calls its dataset."""


def n_service_handlers(services: NServices) -> list[tuple[Any, Callable[[Any], Any]]]:
    """The handlers to bind to pynetdicom's events."""
    return [
        (event, _handler(services, field, whose, dataset_name))
        for event, field, whose, dataset_name in _SERVED
    ]


def _handler(
    services: NServices, field: CommandField, whose: str, dataset_name: str
) -> Callable[[Any], tuple[Dataset, Dataset | None]]:
    def handle(event: Any) -> tuple[Dataset, Dataset | None]:
        request = event.request
        encoded = getattr(request, dataset_name)
        command = Command(
            field=field,
            message_id=request.MessageID,
            has_dataset=encoded is not None,
            sop_class_uid=str(getattr(request, f"{whose}SOPClassUID")),
            sop_instance_uid=str(getattr(request, f"{whose}SOPInstanceUID") or ""),
            action_type_id=getattr(request, "ActionTypeID", None),
            event_type_id=getattr(request, "EventTypeID", None),
        )
        context = Context(
            event.context.context_id, str(event.context.abstract_syntax), str(event.context.transfer_syntax)
        )
        calling_ae_title = event.assoc.requestor.ae_title.strip()
        answer = services.answer(command, context, encoded.getvalue() if encoded else b"", calling_ae_title)
        return _status(answer), _attributes(answer)

    return handle


def _status(answer: Answer) -> Dataset:
    status = Dataset()
    status.Status = answer.status
    if answer.comment:
        status.ErrorComment = answer.comment
    if answer.error_id is not None:
        status.ErrorID = answer.error_id
    return status


def _attributes(answer: Answer) -> Dataset | None:
    """Where pynetdicom looks for the UID that it is to answer."""
    if not answer.sop_instance_uid:
        return None
    attributes = Dataset()
    attributes.AffectedSOPInstanceUID = answer.sop_instance_uid
    return attributes
