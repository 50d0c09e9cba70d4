"""Which bodies are taken: multipart/related of application/dicom (PS3.18 section 8.7, RFC 2387)."""

import re
from collections.abc import Mapping
from email.message import Message

from service.errors import Refused
from service.net.multipart import BadMultipart

DICOM = "application/dicom"
_RELATED = "multipart/related"
_UNENCODED = ("", "7bit", "8bit", "binary")
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,199}[0-9A-Za-z'()+_,./:=?-]")
"""RFC 2046 section 5.1.1, which allows 70 characters; Orthanc's boundaries have 73."""


class UnsupportedMedia(Refused):
    """A media type or an encoding that is not taken."""


def boundary_of(headers: Mapping[str, str]) -> str:
    """What separates the parts of a request. Raises UnsupportedMedia, BadMultipart."""
    content_type = _parsed(headers.get("content-type", ""))
    media_type, part_type = content_type.get_content_type(), _parameter(content_type, "type")
    if media_type != _RELATED or part_type.lower() != DICOM:
        raise UnsupportedMedia(
            f'send instances as Content-Type: {_RELATED}; type="{DICOM}"; boundary=...; metadata as JSON or '
            "XML with separate bulk data is not taken"
        )
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMedia("the body has a Content-Encoding: send it without")
    boundary = _parameter(content_type, "boundary")
    if not _BOUNDARY.fullmatch(boundary):
        raise BadMultipart("the Content-Type has no boundary, or none of the characters of RFC 2046")
    return boundary


def check_part(headers: Mapping[str, str]) -> None:
    """Raises UnsupportedMedia for a part that is no DICOM file as it is."""
    if _parsed(headers.get("content-type", DICOM)).get_content_type() != DICOM:
        raise UnsupportedMedia(f"a part is not {DICOM}: send DICOM files only")
    if headers.get("content-transfer-encoding", "").lower() not in _UNENCODED:
        raise UnsupportedMedia("a part has a Content-Transfer-Encoding: send its bytes as they are")


def _parsed(content_type: str) -> Message:
    message = Message()
    message["Content-Type"] = content_type
    return message


def _parameter(content_type: Message, name: str) -> str:
    value = content_type.get_param(name, "")
    return value if isinstance(value, str) else ""  # RFC 2231 gives a tuple
