"""DIMSE-N requests: a small dataset is collected in memory, read, and given to the service it is for."""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog
from pydicom.dataset import Dataset

from service.accept.association.answer import Answer, RequestRefused, ServiceStatus
from service.accept.association.command import Command
from service.accept.association.event_reports import EventReports, OwedReport
from service.accept.association.negotiation import Context
from service.dicom.encoded import read_encoded
from service.errors import PrereadError, Refused, Retryable

log = structlog.get_logger()

MAX_DATASET_BYTES = 1024 * 1024
"""A procedure step or a commitment request with 8000 instances has about this much."""


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """A DIMSE-N request. `dataset` is empty where none was sent.

    `owe` promises the peer an N-EVENT-REPORT on this association; None where the receiver sends none.
    """

    command: Command
    dataset: Dataset
    calling_ae_title: str
    owe: Callable[[OwedReport], None] | None


Handle = Callable[[ServiceRequest], Answer]
"""Carries out a request, durably, and answers it. Raises RequestRefused, PrereadError."""


class NServices:
    """The services that are offered: SOP Class UID and command field to what handles it."""

    def __init__(self, handlers: Mapping[tuple[str, int], Handle] | None = None) -> None:
        self._handlers = dict(handlers or {})

    def offers(self, sop_class_uid: str, command_field: int) -> bool:
        """Whether such a request in a presentation context of this SOP Class is for one of them."""
        return (sop_class_uid, command_field) in self._handlers

    def answer(
        self,
        command: Command,
        context: Context,
        encoded_dataset: bytes,
        calling_ae_title: str,
        owe: Callable[[OwedReport], None] | None = None,
    ) -> Answer:
        """Carry out a request that `offers` knows, and say how to answer it. Raises nothing."""
        try:
            answer = self._answer(command, context, encoded_dataset, calling_ae_title, owe)
        except RequestRefused as refused:
            answer = refused.answer
        except PrereadError as error:
            answer = _failure(error)
        except Exception as error:  # outermost edge: whatever happens, the peer gets an answer
            # Not the message: an unforeseen error may quote the dataset.
            where = traceback.extract_tb(error.__traceback__)[-1]
            log.error("request failed", error=type(error).__name__, file=where.filename, line=where.lineno)
            answer = Answer(ServiceStatus.PROCESSING_FAILURE)
        if answer.status != ServiceStatus.SUCCESS:
            _log_refusal(command, calling_ae_title, answer)
        return answer

    def _answer(
        self,
        command: Command,
        context: Context,
        encoded_dataset: bytes,
        calling_ae_title: str,
        owe: Callable[[OwedReport], None] | None,
    ) -> Answer:
        if command.sop_class_uid != context.abstract_syntax:
            raise RequestRefused(
                ServiceStatus.NO_SUCH_SOP_CLASS, "SOP Class UID is not the presentation context's"
            )
        if len(encoded_dataset) > MAX_DATASET_BYTES:
            raise RequestRefused(
                ServiceStatus.RESOURCE_LIMITATION, f"dataset is longer than {MAX_DATASET_BYTES} bytes"
            )
        dataset = read_encoded(encoded_dataset, context.transfer_syntax_uid)
        handle = self._handlers[context.abstract_syntax, command.field]
        return handle(ServiceRequest(command, dataset, calling_ae_title, owe))


NO_SERVICES = NServices()
"""Every request is answered as an unrecognized operation."""


class IncomingAttributes:
    """A DIMSE-N request whose dataset is coming."""

    def __init__(
        self,
        services: NServices,
        command: Command,
        context: Context,
        calling_ae_title: str,
        reports: EventReports,
    ) -> None:
        self._services = services
        self._command = command
        self._context = context
        self._calling_ae_title = calling_ae_title
        self._reports = reports
        self._encoded = bytearray()

    def write(self, *pieces: memoryview) -> None:
        """Keep the bytes, but of a dataset that is too long no more than shows that it is."""
        for data in pieces:
            self._encoded += data[: MAX_DATASET_BYTES + 1 - len(self._encoded)]

    def finish(self) -> Answer:
        """Carry the request out."""
        return self._services.answer(
            self._command, self._context, bytes(self._encoded), self._calling_ae_title, self._owe
        )

    def abort(self) -> None:
        """Nothing was done yet."""

    def _owe(self, owed: OwedReport) -> None:
        self._reports.owe(owed, self._context)


def _failure(error: PrereadError) -> Answer:
    if isinstance(error, Retryable):
        return Answer(ServiceStatus.RESOURCE_LIMITATION, "not possible now; send it again later")
    if isinstance(error, Refused):
        return Answer(ServiceStatus.PROCESSING_FAILURE, "the dataset is not readable")
    return Answer(ServiceStatus.PROCESSING_FAILURE)


def _log_refusal(command: Command, calling_ae_title: str, answer: Answer) -> None:
    log.warning(
        "request refused",
        calling_ae_title=calling_ae_title,
        command_field=f"0x{command.field:04X}",
        status=f"0x{answer.status:04X}",
        reason=answer.comment,
    )
