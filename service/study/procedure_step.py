"""What a modality says about its own work: a Modality Performed Procedure Step (PS3.4 annex F)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ProcedureStepStatus(StrEnum):
    """Performed Procedure Step Status (0040,0252), as PS3.3 C.4.14 spells it. The last two are final."""

    IN_PROGRESS = "IN PROGRESS"
    COMPLETED = "COMPLETED"
    DISCONTINUED = "DISCONTINUED"

    @property
    def is_final(self) -> bool:
        """Whether the step has ended: nothing about it changes any more (PS3.4 F.7.2.2.2)."""
        return self is not ProcedureStepStatus.IN_PROGRESS


@dataclass(frozen=True, slots=True)
class ProcedureStep:
    """One step, as it was last reported. `sop_instance_uid` names the step, not an image.

    `instance_uids` are the SOP Instance UIDs that the modality says it has made; they may be known only when
    the step is final, and need not have come yet.
    """

    sop_instance_uid: str
    study_instance_uid: str
    status: ProcedureStepStatus
    instance_uids: tuple[str, ...]
    calling_ae_title: str
    updated_at: datetime
