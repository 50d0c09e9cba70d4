"""Modality Performed Procedure Step as SCP (PS3.4 F.7): modalities say what they do and when it is done.

Kept of a step is what tells whether a study is complete: its status, its study and its instances. Attributes
that are not used here are not asked for, so that an incomplete step still tells that a study has ended.
"""

import uuid
from datetime import UTC, datetime

import structlog
from pydicom.dataset import Dataset

from service.accept.association.answer import Answer, RequestRefused, ServiceStatus
from service.accept.association.command import CommandField
from service.accept.association.contexts import MODALITY_PERFORMED_PROCEDURE_STEP
from service.accept.association.n_services import Handle, ServiceRequest
from service.dicom.encoded import referenced_instances, sequence_items
from service.dicom.identity import is_safe_uid
from service.dicom.values import text
from service.errors import NotDicom
from service.storage.ledger.ledger import Ledger
from service.study.procedure_step import ProcedureStep, ProcedureStepStatus

log = structlog.get_logger()

NO_LONGER_UPDATED = 0xA710
"""Error ID (0000,0903) of a step that is final, with its own Error Comment (PS3.4 table F.7.2-2)."""
_STATUS = "PerformedProcedureStepStatus"
_REFERENCES = ("ReferencedImageSequence", "ReferencedNonImageCompositeSOPInstanceSequence")


class ProcedureStepSCP:
    """Enters procedure steps in the ledger before it answers Success."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def handlers(self) -> dict[tuple[str, int], Handle]:
        """What it handles, for NServices."""
        return {
            (MODALITY_PERFORMED_PROCEDURE_STEP, CommandField.N_CREATE): self.create,
            (MODALITY_PERFORMED_PROCEDURE_STEP, CommandField.N_SET): self.set,
        }

    def create(self, request: ServiceRequest) -> Answer:
        """A step begins. Raises RequestRefused, LedgerUnavailable."""
        step = _new_step(request, datetime.now(UTC))
        with self._ledger.begin() as tx:
            if not tx.procedure_steps.create(step):
                raise RequestRefused(
                    ServiceStatus.DUPLICATE_SOP_INSTANCE, "there is a step with this SOP Instance UID"
                )
        _log("procedure step begins", step)
        return Answer(ServiceStatus.SUCCESS, sop_instance_uid=step.sop_instance_uid)

    def set(self, request: ServiceRequest) -> Answer:
        """A step goes on or ends. Raises RequestRefused, LedgerUnavailable."""
        uid = request.command.sop_instance_uid
        status = _status(request.dataset) if _STATUS in request.dataset else ProcedureStepStatus.IN_PROGRESS
        made = _instance_uids(request.dataset)
        with self._ledger.begin() as tx:
            step = tx.procedure_steps.lock(uid)
            if step is None:
                raise RequestRefused(
                    ServiceStatus.NO_SUCH_SOP_INSTANCE, "no step with this SOP Instance UID was created"
                )
            if step.status.is_final:
                raise RequestRefused(
                    ServiceStatus.PROCESSING_FAILURE,
                    "Performed Procedure Step Object may no longer be updated",
                    NO_LONGER_UPDATED,
                )
            tx.procedure_steps.set(
                uid, status, step.instance_uids if made is None else made, datetime.now(UTC)
            )
            changed = tx.procedure_steps.find(uid) or step
        _log("procedure step changes", changed)
        return Answer(ServiceStatus.SUCCESS)


def _new_step(request: ServiceRequest, now: datetime) -> ProcedureStep:
    uid = request.command.sop_instance_uid or f"2.25.{uuid.uuid4().int}"
    if not is_safe_uid(uid):
        raise RequestRefused(ServiceStatus.INVALID_SOP_INSTANCE, "SOP Instance UID is not a UID")
    status = _status(request.dataset)
    if status is not ProcedureStepStatus.IN_PROGRESS:
        raise RequestRefused(
            ServiceStatus.INVALID_ATTRIBUTE_VALUE, "a step begins with the status IN PROGRESS"
        )
    return ProcedureStep(
        sop_instance_uid=uid,
        study_instance_uid=_study_instance_uid(request.dataset),
        status=status,
        instance_uids=_instance_uids(request.dataset) or (),
        calling_ae_title=request.calling_ae_title,
        updated_at=now,
    )


def _study_instance_uid(ds: Dataset) -> str:
    """Of the first item: a step that serves several requests is entered for one study."""
    steps = sequence_items(ds, "ScheduledStepAttributesSequence")
    if not steps:
        raise RequestRefused(
            ServiceStatus.MISSING_ATTRIBUTE, "Scheduled Step Attributes Sequence has no item"
        )
    uid = _required(steps[0], "StudyInstanceUID")
    if not is_safe_uid(uid):
        raise RequestRefused(ServiceStatus.INVALID_ATTRIBUTE_VALUE, "Study Instance UID is not a UID")
    return uid


def _status(ds: Dataset) -> ProcedureStepStatus:
    try:
        return ProcedureStepStatus(_required(ds, _STATUS))
    except ValueError:
        raise RequestRefused(
            ServiceStatus.INVALID_ATTRIBUTE_VALUE, "Performed Procedure Step Status has an unknown value"
        ) from None


def _instance_uids(ds: Dataset) -> tuple[str, ...] | None:
    """Everything that Performed Series Sequence names, each once; None where the dataset does not have it."""
    if "PerformedSeriesSequence" not in ds:
        return None
    try:
        named = [
            sop_instance_uid
            for series in sequence_items(ds, "PerformedSeriesSequence")
            for keyword in _REFERENCES
            for _, sop_instance_uid in referenced_instances(series, keyword)
        ]
    except NotDicom as error:
        raise RequestRefused(ServiceStatus.INVALID_ATTRIBUTE_VALUE, str(error)) from None
    return tuple(dict.fromkeys(named))


def _required(ds: Dataset, keyword: str) -> str:
    if keyword not in ds:
        raise RequestRefused(ServiceStatus.MISSING_ATTRIBUTE, f"{keyword} is absent")
    value = text(ds, keyword)
    if not value:
        raise RequestRefused(ServiceStatus.MISSING_ATTRIBUTE_VALUE, f"{keyword} is empty")
    return value


def _log(event: str, step: ProcedureStep) -> None:
    log.info(
        event,
        study_instance_uid=step.study_instance_uid,
        sop_instance_uid=step.sop_instance_uid,
        status=step.status.value,
        instances=len(step.instance_uids),
        calling_ae_title=step.calling_ae_title,
    )
