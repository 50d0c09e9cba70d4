"""What to look for in a PACS."""

import re
from dataclasses import dataclass

from service.dicom.identity import is_safe_uid
from service.errors import ConfigurationError
from service.fetch.found import FoundStudy

_DATE = re.compile(r"[0-9]{8}")
_NOT_ONE_VALUE = re.compile(r"[*?\\\x00-\x1f\x7f]")
"""Wildcards and the delimiter of values (PS3.4 C.2.2.2, PS3.5 6.2), and controls."""


@dataclass(frozen=True, slots=True)
class StudyQuery:
    """Which studies are meant. Empty fields are not asked for; dates are DA text, both ends included.

    Values are matched as they are: a wildcard would find other patients' studies. Raises ConfigurationError
    for a query that names no study, UID or patient, and for values that cannot be asked for.
    """

    accession_number: str = ""
    study_instance_uid: str = ""
    patient_id: str = ""
    date_from: str = ""
    date_to: str = ""
    modality: str = ""

    def __post_init__(self) -> None:
        if not (self.accession_number or self.study_instance_uid or self.patient_id):
            raise ConfigurationError("say which study: by accession number, Study Instance UID or patient ID")
        for value in (self.accession_number, self.patient_id, self.modality):
            if _NOT_ONE_VALUE.search(value):
                raise ConfigurationError(
                    "wildcards (* and ?), backslashes and controls are not asked for: give the whole value"
                )
        if self.study_instance_uid and not is_safe_uid(self.study_instance_uid):
            raise ConfigurationError("the Study Instance UID is none: digits joined by dots, at most 64")
        for date in filter(None, (self.date_from, self.date_to)):
            if not _DATE.fullmatch(date):
                raise ConfigurationError(f"{date} is no date: write it as YYYYMMDD")
        if self.date_from and self.date_to and self.date_from > self.date_to:
            raise ConfigurationError(f"the dates from {self.date_from} to {self.date_to} hold no day")

    def keys(self) -> dict[str, str]:
        """DICOM keyword to the value to match, dates as a range (PS3.4 C.2.2.2.5)."""
        dates = f"{self.date_from}-{self.date_to}" if self.date_from or self.date_to else ""
        keys = {
            "AccessionNumber": self.accession_number,
            "StudyInstanceUID": self.study_instance_uid,
            "PatientID": self.patient_id,
            "StudyDate": dates,
            "ModalitiesInStudy": self.modality,
        }
        return {keyword: value for keyword, value in keys.items() if value}

    def matches(self, study: FoundStudy) -> bool:
        """Whether a study is what was asked for: a PACS may ignore a key that it does not support.

        What it does not say is taken to match.
        """
        header = study.header
        said = (
            (self.study_instance_uid, (study.study_instance_uid,)),
            (self.accession_number, (header.accession_number,)),
            (self.patient_id, (header.patient_id,)),
            (self.modality, header.modalities),
        )
        return _is_between(header.study_date, self.date_from, self.date_to) and all(
            _is_among(asked, values) for asked, values in said
        )


def _is_among(asked: str, values: tuple[str, ...]) -> bool:
    """Without case and outer blanks: of those, PACS differ in what they match."""
    known = {value.strip().casefold() for value in values} - {""}
    return not asked or not known or asked.strip().casefold() in known


def _is_between(date: str, first: str, last: str) -> bool:
    return not date or ((not first or date >= first) and (not last or date <= last))
