"""Addresses that scripts and programs ask for, as opposed to those that a person opens."""

PROGRAMS = ("/api/", "/dicom-web/")
SCRIPTS = ("/rows", "/embed", "/healthz")


def is_for_programs(path: str) -> bool:
    """Whether it is of the API or of DICOMweb."""
    return path.startswith(PROGRAMS)


def is_for_machines(path: str) -> bool:
    """Whether no person would read a page: problems are told as JSON, and nobody is sent to sign in."""
    return path.startswith(PROGRAMS + SCRIPTS)
