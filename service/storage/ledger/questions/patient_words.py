"""What a header says of the patient, hidden in sentences that may quote it."""

import re

from service.study.model import StudyHeader

HIDDEN = "[hidden]"
_BETWEEN = re.compile(r"[\s^=,;]+")
_FIRST_CJK = "\u2e80"
_SHORTEST = 2
"""Letters: shorter ones stand in every sentence, but for scripts in which one is a whole name."""


class PatientWords:
    """Of one study: the patient's names, numbers and birth date, the accession number and the description."""

    def __init__(self, header: StudyHeader) -> None:
        date = header.patient_birth_date
        whole = (header.patient_id, header.accession_number, header.study_description, date)
        dashed = f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == len("YYYYMMDD") else ""
        names = _BETWEEN.split(header.patient_name)
        words = {one.strip() for one in (*whole, dashed, *names) if _is_telling(one.strip())}
        longest_first = sorted(words, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(_whole, longest_first)), re.IGNORECASE) if words else None

    def out_of(self, text: str) -> str:
        """`text`, with each of them replaced."""
        return self._pattern.sub(HIDDEN, text) if self._pattern else text


def _is_telling(word: str) -> bool:
    return len(word) >= _SHORTEST or (bool(word) and word >= _FIRST_CJK)


def _whole(word: str) -> str:
    """Not within another word, where the script has words."""
    return re.escape(word) if word >= _FIRST_CJK else rf"(?<!\w){re.escape(word)}(?!\w)"
