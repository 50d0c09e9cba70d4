"""Which study goes with which: classifiers may read two studies of one patient together."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, exists

from service.storage.ledger.schema.tables import analyses, studies
from service.storage.ledger.tables.studies import IMAGES_ARE_REMOVED, Studies
from service.study.companion import CompanionWanted, days_apart
from service.study.model import Study
from service.study.state import StudyState

_INCOMPLETE = (StudyState.RECEIVED, StudyState.PARKED)


@dataclass(frozen=True)
class Companions:
    """Looks studies up by their patient."""

    connection: Connection

    def find(self, study: Study, wanted: CompanionWanted) -> str:
        """The complete study, with its images here, that is nearest in time; empty where there is none."""
        others = self._others(study, studies.c.state.not_in(_INCOMPLETE), ~IMAGES_ARE_REMOVED)
        fitting = [other for other in others if wanted.fits(study, other)]
        nearest = min(fitting, key=lambda other: _nearness(study, other), default=None)
        return nearest.study_instance_uid if nearest else ""

    def waiting_for(self, arrived: Study, classifier: str, wanted: CompanionWanted) -> list[Study]:
        """Studies that the classifier could not read, or does not read yet, for want of such as `arrived`."""
        alone = exists().where(
            analyses.c.study_instance_uid == studies.c.study_instance_uid,
            analyses.c.revision == studies.c.revision,
            analyses.c.classifier == classifier,
            analyses.c.companion_study_instance_uid == "",
            ~analyses.c.shadow,
        )
        return [study for study in self._others(arrived, alone) if wanted.fits(study, arrived)]

    def _others(self, study: Study, *conditions: ColumnElement[bool]) -> list[Study]:
        if not study.header.patient_id:
            return []
        is_other = studies.c.study_instance_uid != study.study_instance_uid
        return Studies(self.connection).of_patient(study.header.patient_id, is_other, *conditions)


def _nearness(study: Study, other: Study) -> tuple[int, str]:
    return days_apart(study, other) or 0, other.study_instance_uid
