"""ORU^R01 of HL7 2.5.1, without its MSH: that names sender and receiver, and is put before it on sending.

One OBX for the probability and one for the suggested category of each breast, then comments. Everything is
preliminary (OBX-11 and OBR-25 P) as long as no person has said anything of it. What she says then comes as a
correction (OBR-25 C), with OBXs of her own.
"""

from collections.abc import Iterator

from service.report.documents import codes
from service.report.messages.hl7_assessment import assessment_observations
from service.report.messages.hl7_fields import (
    CORRECTION,
    PRELIMINARY,
    WRONG,
    code,
    coded,
    escaped,
    moment,
    observation,
)
from service.report.messages.said import Said
from service.report.text import percent
from service.study.result import ImageScore

SEGMENT_END = "\r"
_REPRESENTATIONS = ("A", "I", "P")
"""Of a name's component groups (PS3.5 6.2.1): alphabetic, ideographic, phonetic."""


def build_hl7(said: Said) -> bytes:
    """PID, OBR and OBX segments in UTF-8."""
    segments = [_pid(said), _obr(said), *_numbered(said)]
    return (SEGMENT_END.join("|".join(fields).rstrip("|") for fields in segments) + SEGMENT_END).encode()


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
    fields[22] = moment(said.said_at)
    fields[25] = CORRECTION if said.assessment else PRELIMINARY
    return fields


def _numbered(said: Said) -> Iterator[list[str]]:
    """All OBXs; their numbers (OBX-1) count through."""
    for number, fields in enumerate(_observations(said), 1):
        fields[1] = f"{number}"
        yield fields


def _observations(said: Said) -> Iterator[list[str]]:
    yield _obx(said, "ST", code(codes.STUDY_INSTANCE_UID), "", said.result.study_instance_uid, PRELIMINARY)
    breasts = list(said.breasts)
    for group, (side, score) in enumerate(breasts, 1):
        yield from _of_breast(said, f"{group}", side, score)
    if said.assessment:
        yield from assessment_observations(said.assessment, f"{len(breasts) + 1}")
    for comment in said.comments:
        yield _obx(said, "TX", code(codes.COMMENT), "", escaped(comment), PRELIMINARY)


def _of_breast(said: Said, group: str, side: str, score: ImageScore) -> Iterator[list[str]]:
    """Probability, suggested category and site, tied together by the sub-ID."""
    status = WRONG if said.is_rejected else PRELIMINARY
    name = code(codes.PROBABILITY_OF_CANCER)
    fields = _obx(said, "NM", name, group, f"{percent(score.probability)}", status)
    fields[6] = "%^Percent^UCUM"
    fields[7] = f"<{percent(said.result.classifier.threshold)}"
    fields[8] = "H" if score.positive else "N"
    yield fields
    if score.category:
        category = code(codes.assessment(score.category))
        yield _obx(said, "CE", code(codes.ASSESSMENT_CATEGORY), group, category, status)
    site = code(codes.BREASTS.get(side, codes.BREAST))
    yield _obx(said, "CE", coded("363698007", "Finding Site", "SCT"), group, site, status)


def _obx(said: Said, value_type: str, name: str, group: str, value: str, status: str) -> list[str]:
    return observation(value_type, name, group, value, status, said.result.finished_at)
