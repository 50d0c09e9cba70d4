"""The settings of the web page."""

import re
from typing import Annotated

from pydantic import Field, field_validator

from service.config.types import Port, Section

_VIEWER_FIELDS = dict.fromkeys(("study_instance_uid", "accession_number", "patient_id"), "1")


class WorklistSettings(Section):
    """The web page."""

    bind: str = "127.0.0.1"
    """Address to listen on. The page shows patient data and has no login yet: leave it on loopback, or put a
    proxy with authentication in front, which hands on the headers Origin and Host, or Sec-Fetch-Site."""
    port: Port = 8100
    """TCP port."""
    embed_origins: tuple[Annotated[str, Field(pattern=r"^https?://[^/*\s]+$")], ...] = ()
    """Web systems whose pages may show badges of studies, such as `https://pacs.hospital`: scheme, host and,
    where it is not the usual one, port. Empty: none."""
    viewer_url: str = ""
    """Address of a study in the department's own viewer, with `{study_instance_uid}`, `{accession_number}` or
    `{patient_id}`, such as
    `https://ohif.hospital/viewer?StudyInstanceUIDs={study_instance_uid}`. Empty: no link."""
    actions: bool = True
    """Buttons on a study's page: make it urgent, try it again, accept, modify or reject a result. Off: the
    page only reads."""

    @field_validator("viewer_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value and not re.match(r"(?!javascript|data|vbscript)[a-z][a-z0-9+.-]*://", value):
            raise ValueError("write a whole address, such as https://ohif.hospital/viewer?...")
        try:
            value.format_map(_VIEWER_FIELDS)
        except (KeyError, ValueError, IndexError) as reason:
            raise ValueError(
                f"it may hold {', '.join(f'{{{one}}}' for one in _VIEWER_FIELDS)} only"
            ) from reason
        return value
