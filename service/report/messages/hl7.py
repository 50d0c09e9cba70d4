"""ORU^R01 of HL7 2.5.1, without its MSH: that names sender and receiver, and is put before it on sending.

One OBX for the probability and one for the suggested category of each breast, then comments. Everything is
preliminary (OBX-11 and OBR-25 P): no person has seen it.
"""

from collections.abc import Iterator

from service.report import codes
from service.report.messages.said import Said
from service.report.text import percent
from service.study.result import ImageScore

SEGMENT_END = "\r"
_ESCAPES = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\r": " ", "\n": " "}
_REPRESENTATIONS = ("A", "I", "P")
"""Of a name's component groups (PS3.5 6.2.1): alphabetic, ideographic, phonetic."""


def build_hl7(said: Said) -> bytes:
    """PID, OBR and OBX segments in UTF-8."""
    segments = [_pid(said), _obr(said), *_observations(said)]
    return (SEGMENT_END.join("|".join(fields) for fields in segments) + SEGMENT_END).encode()


def escaped(text: str) -> str:
    """A text as a component of a field."""
    return "".join(_ESCAPES.get(character, character) for character in text)


def _pid(said: Said) -> list[str]:
    patient = said.patient
    sex = patient.patient_sex if patient.patient_sex in {"F", "M", "O"} else "U"
    identifier = f"{escaped(patient.patient_id)}^^^^PI" if patient.patient_id else ""
    return ["PID", "1", "", identifier, "", _name(patient.patient_name), "", patient.patient_birth_date, sex]


def _name(name: str) -> str:
    """DICOM's groups `family^given^middle^prefix^suffix` as repetitions family^given^middle^suffix^prefix."""
    repetitions = []
    for group, representation in zip(name.split("="), _REPRESENTATIONS, strict=False):
        parts = [escaped(part) for part in group.split("^")] + [""] * 5
        if any(parts):
            family, given, middle, prefix, suffix = parts[:5]
            ordered = (family, given, middle, suffix, prefix, "", "", representation)
            repetitions.append("^".join(ordered))
    return "~".join(repetitions)


def _obr(said: Said) -> list[str]:
    result, patient = said.result, said.patient
    identity = result.classifier
    fields = [""] * 26
    fields[0], fields[1] = "OBR", "1"
    fields[3] = escaped(patient.accession_number)
    fields[4] = f"{escaped(identity.name)}^{escaped(identity.title)}^L"
    fields[7] = patient.study_date + patient.study_time.partition(".")[0] if patient.study_date else ""
    fields[22] = _moment(said)
    fields[25] = "P"
    return fields


def _observations(said: Said) -> Iterator[list[str]]:
    study = codes.STUDY_INSTANCE_UID
    yield _obx(said, 1, "ST", _coded(study.value, study.meaning, "DCM"), "", said.result.study_instance_uid)
    number = 2
    for group, (side, score) in enumerate(said.breasts, 1):
        for fields in _of_breast(said, number, f"{group}", side, score):
            yield fields
            number += 1
    for comment in said.comments:
        yield _obx(said, number, "TX", _coded("121106", "Comment", "DCM"), "", escaped(comment))
        number += 1


def _of_breast(said: Said, number: int, group: str, side: str, score: ImageScore) -> Iterator[list[str]]:
    """Probability, suggested category and site, tied together by the sub-ID."""
    probability = codes.PROBABILITY_OF_CANCER
    name = _coded(probability.value, probability.meaning, "DCM")
    fields = _obx(said, number, "NM", name, group, f"{percent(score.probability)}")
    fields[6] = "%^Percent^UCUM"
    fields[7] = f"<{percent(said.result.classifier.threshold)}"
    fields[8] = "H" if score.positive else "N"
    yield fields
    number += 1
    if score.category:
        category, name = codes.assessment(score.category), codes.ASSESSMENT_CATEGORY
        value = _coded(category.value, category.meaning, category.scheme_designator)
        yield _obx(said, number, "CE", _coded(name.value, name.meaning, "DCM"), group, value)
        number += 1
    site = codes.BREASTS.get(side, codes.BREAST)
    value = _coded(site.value, site.meaning, "SCT")
    yield _obx(said, number, "CE", _coded("363698007", "Finding Site", "SCT"), group, value)


def _obx(said: Said, number: int, value_type: str, name: str, group: str, value: str) -> list[str]:
    fields = [""] * 15
    fields[:6] = ["OBX", f"{number}", value_type, name, group, value]
    fields[11] = "P"
    fields[14] = _moment(said)
    return fields


def _coded(value: str, meaning: str, scheme: str) -> str:
    return f"{escaped(value)}^{escaped(meaning)}^{escaped(scheme)}"


def _moment(said: Said) -> str:
    return said.result.finished_at.strftime("%Y%m%d%H%M%S%z")
