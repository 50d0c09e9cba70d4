"""Whether a request that changes something comes from this server's own page.

Whoever looks at the worklist may have other pages open: none of those may act in his name. A browser says by
Sec-Fetch-Site, or at least by Origin, which page asks; and no foreign page can set a header of our own
without asking this server first, which never agrees (it answers no CORS request).
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.exceptions import HTTPException

HEADER = "X-Preread-Action"
"""Set by static/study.js."""


def only_own_page(request: Request) -> None:
    """Raises HTTPException 403, which says why, for what did not come from the page's script."""
    reason = refusal(request.headers)
    if reason:
        raise HTTPException(
            403,
            f"refused: {reason}. Use the buttons of the study's page on this server, or the commands "
            "`preread urgent` and `preread retry`.",
        )


def refusal(headers: Mapping[str, str]) -> str:
    """Why these headers, by names in lower case, are not those of the page's script; empty where they are."""
    if HEADER.lower() not in headers:
        return f"the request lacks the header {HEADER}"
    return foreign(headers)


def foreign(headers: Mapping[str, str]) -> str:
    """Why these headers are not those of a page of this server; empty where they are."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return "" if site == "same-origin" else f"another page asks for it (Sec-Fetch-Site: {site})"
    origin = headers.get("origin")
    if origin is None:
        return "it does not say which page asks for it (no Sec-Fetch-Site, no Origin)"
    if urlsplit(origin).netloc != headers.get("host"):
        return "a page of another server asks for it, or a proxy in front hides the host's name (Origin)"
    return ""
