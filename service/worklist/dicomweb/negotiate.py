"""In which media type an answer is wanted (RFC 9110 section 12.5.1, PS3.18 section 8.7)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message

from fastapi import Request
from fastapi.exceptions import HTTPException

_BETWEEN = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*$)')
"""A comma outside quotes."""
_MOST_RANGES, _LONGEST = 32, 2048


@dataclass(frozen=True, slots=True)
class Accepted:
    """One range of media types. `type` and `transfer_syntax` are parameters, empty if not given."""

    media_type: str
    quality: float
    type: str = ""
    transfer_syntax: str = ""

    def takes(self, media_type: str) -> bool:
        """Whether it holds `media_type`."""
        kind, _, _ = media_type.partition("/")
        return self.quality > 0 and self.media_type in {media_type, f"{kind}/*", "*/*"}


def accepted(request: Request) -> tuple[Accepted, ...]:
    """What whoever asks takes, the best first; the query parameter `accept` goes before the header."""
    wanted = request.query_params.get("accept") or request.headers.get("accept") or "*/*"
    ranges = [_range(text) for text in _BETWEEN.split(wanted[:_LONGEST])[:_MOST_RANGES] if text.strip()]
    return tuple(sorted(ranges, key=lambda one: -one.quality))


def chosen(request: Request, offered: Sequence[str]) -> str:
    """The media type of `offered`, of which the first is preferred, that is taken best. Raises HTTPException
    406.
    """
    for one in accepted(request):
        for media_type in offered:
            if one.takes(media_type):
                return media_type
    raise not_acceptable(offered)


def not_acceptable(offered: Sequence[str]) -> HTTPException:
    """406, with what there is."""
    return HTTPException(406, f"Accept must hold one of: {', '.join(offered)}")


def _range(text: str) -> Accepted:
    parsed = Message()
    # A blank that was a plus sign in an address: application/dicom+json.
    parsed["Content-Type"] = re.sub(r"(?<=dicom) (?=json|xml)", "+", text.strip())
    parameters = {name.lower(): value for name, value in parsed.get_params(failobj=[])[1:]}
    media_type = text.partition(";")[0].strip().lower().replace("dicom json", "dicom+json")
    return Accepted(
        media_type,
        _quality(parameters.get("q", "1")),
        parameters.get("type", "").lower(),
        parameters.get("transfer-syntax", ""),
    )


def _quality(text: str) -> float:
    return float(text) if re.fullmatch(r"[01](\.[0-9]{0,3})?", text) else 0.0
