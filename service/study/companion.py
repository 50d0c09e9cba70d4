"""Two studies of one patient that a classifier reads together: ultrasound and CT of that week, say."""

from dataclasses import dataclass
from datetime import datetime

from service.study.model import Study


@dataclass(frozen=True, slots=True)
class CompanionWanted:
    """A study with images of one of `modalities`, within `days` of the one that is read."""

    modalities: tuple[str, ...]
    days: int

    def fits(self, study: Study, other: Study) -> bool:
        """Whether `other` is a companion of `study`: of the same patient, and near enough in time.

        The ID alone does not make it the same patient: two hospitals may have given it to two people. Without
        an ID, or without a legal date on both, it is nobody's companion.
        """
        return (
            bool(set(self.modalities) & set(other.header.modalities))
            and bool(study.header.patient_id)
            and _identity(study) == _identity(other)
            and self._is_near(study, other)
        )

    def _is_near(self, study: Study, other: Study) -> bool:
        apart = days_apart(study, other)
        return apart is not None and apart <= self.days


def days_apart(one: Study, other: Study) -> int | None:
    """Between their Study Dates; None where one of them is no date."""
    try:
        dates = [datetime.strptime(study.header.study_date, "%Y%m%d").date() for study in (one, other)]
    except ValueError:
        return None
    return abs((dates[0] - dates[1]).days)


def _identity(study: Study) -> tuple[str, str, str]:
    header = study.header
    return header.patient_id, header.patient_birth_date, header.patient_sex
