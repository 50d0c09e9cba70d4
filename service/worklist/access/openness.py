"""Whether somebody may come in without signing in: by default at this very machine only."""

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import Request

from service.config import WorklistSettings

_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def is_open(request: Request, settings: WorklistSettings) -> bool:
    """Whether whoever asks needs no name here."""
    if settings.sign_in == "off-loopback":
        return _is_loopback(settings.bind) and comes_from_here(request)
    return settings.sign_in == "never"


def comes_from_here(request: Request) -> bool:
    """From a browser on this machine that calls us by a name of this machine: no proxy that brings others,
    and no page of another server whose name was made to lead here (DNS rebinding).
    """
    client, headers = request.client.host if request.client else "", request.headers
    return _is_loopback(client) and _is_loopback(_host(headers)) and not _is_forwarded(headers)


def _host(headers: Mapping[str, str]) -> str:
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def _is_forwarded(headers: Mapping[str, str]) -> bool:
    return any(name in headers for name in _FORWARDED)


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
