"""The address of a study in the department's own viewer."""

from urllib.parse import quote

from service.study.model import StudyHeader


def viewer_address(template: str, study_instance_uid: str, header: StudyHeader) -> str:
    """`template` with a study's values, each safe in an address; empty where there is no template, or where
    the study lacks a value that it asks for.
    """
    values = {
        "study_instance_uid": study_instance_uid,
        "accession_number": header.accession_number,
        "patient_id": header.patient_id,
    }
    if not template or any(f"{{{name}}}" in template and not value for name, value in values.items()):
        return ""
    return template.format_map({name: quote(value, safe="") for name, value in values.items()})
