"""Storage commitment as SCU, the report: a PACS says what it keeps of the results that were sent to it.

It opens an association for that and is the SCP on it (PS3.4 J.3.3, PS3.7 D.3.3.4). Whoever knows one of our
Transaction UIDs is taken for the PACS that was given it: they are random, and nobody else is told.
"""

from service.accept.association.answer import Answer, RequestRefused, ServiceStatus
from service.accept.association.command import CommandField
from service.accept.association.n_services import Handle, ServiceRequest
from service.errors import NotDicom
from service.net.enter_commitment import UnknownTransaction, enter_report
from service.net.storage_commitment import (
    STORAGE_COMMITMENT,
    STORAGE_COMMITMENT_INSTANCE,
    CommitmentReport,
    EventType,
    read_report,
)
from service.storage.ledger.ledger import Ledger


class CommitmentReports:
    """Enters reports in the ledger before it answers them."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def handlers(self) -> dict[tuple[str, int], Handle]:
        """What it handles, for NServices."""
        return {(STORAGE_COMMITMENT, CommandField.N_EVENT_REPORT): self.report}

    def report(self, request: ServiceRequest) -> Answer:
        """Enter a report. Raises RequestRefused, LedgerUnavailable."""
        if request.command.sop_instance_uid != STORAGE_COMMITMENT_INSTANCE:
            raise RequestRefused(
                ServiceStatus.NO_SUCH_SOP_INSTANCE, "the SOP Instance is not the well-known one"
            )
        if request.command.event_type_id not in list(EventType):
            raise RequestRefused(ServiceStatus.NO_SUCH_EVENT_TYPE, "the Event Type ID is not 1 or 2")
        try:
            enter_report(self._ledger, _report(request))
        except UnknownTransaction as error:
            raise RequestRefused(ServiceStatus.INVALID_ARGUMENT_VALUE, str(error)) from None
        return Answer(ServiceStatus.SUCCESS)


def _report(request: ServiceRequest) -> CommitmentReport:
    try:
        return read_report(request.dataset)
    except NotDicom as error:
        raise RequestRefused(ServiceStatus.INVALID_ARGUMENT_VALUE, str(error)) from None
