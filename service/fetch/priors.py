"""Earlier studies of a patient, for classifiers that compare."""

from datetime import date, timedelta

from service.errors import ConfigurationError
from service.fetch.found import FoundStudy
from service.fetch.port import Archive
from service.fetch.query import StudyQuery


def find_priors(
    archive: Archive, patient_id: str, before_date: str, modality: str = ""
) -> tuple[FoundStudy, ...]:
    """The patient's studies before a day (DA, `YYYYMMDD`), with images of `modality` if given, newest first.

    A study without a date is none: nobody can say that it is earlier. Raises ConfigurationError for a patient
    ID or a date that cannot be asked for, PeerUnavailable.
    """
    query = StudyQuery(patient_id=patient_id, date_to=_day_before(before_date), modality=modality)
    studies = [study for study in archive.find_studies(query) if study.header.study_date]
    return tuple(sorted(studies, key=lambda study: study.header.study_date, reverse=True))


def _day_before(day: str) -> str:
    try:
        if len(day) != 8:  # noqa: PLR2004 - YYYYMMDD
            raise ValueError
        return f"{date(int(day[:4]), int(day[4:6]), int(day[6:])) - timedelta(days=1):%Y%m%d}"
    except ValueError:
        raise ConfigurationError(
            "the study has no readable Study Date (0008,0020), so that nobody can say what is earlier: fetch "
            "by --patient-id with --from and --to"
        ) from None
