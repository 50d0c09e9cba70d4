"""The ports that our roles listen on: free, or taken by the role that they are for."""

import errno
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from service.config import Settings
from service.config.metrics import ROLES, Role
from service.wiring.doctor.finding import Finding, failed, ok, warning

ANSWER_WITHIN_S = 3.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what is listened on, not where we ask


@dataclass(frozen=True, slots=True)
class Listener:
    """Where a role listens. `setting` is the section with `bind` and `port`."""

    setting: str
    bind: str
    port: int
    role: Role


def listeners(settings: Settings) -> list[Listener]:
    """All that are configured, those of metrics last."""
    accept, page, metrics = settings.accept, settings.worklist, settings.metrics
    found = []
    if not accept.tls.only:
        found.append(Listener("accept", accept.bind, accept.port, "accept"))
    if accept.tls.is_on:
        found.append(Listener("accept.tls", accept.bind, accept.tls.port, "accept"))
    if accept.stow.enabled:
        found.append(Listener("accept.stow", accept.stow.bind, accept.stow.port, "accept"))
    found.append(Listener("worklist", page.bind, page.port, "worklist"))
    if metrics.enabled:
        found += [Listener("metrics", metrics.bind, metrics.port_of(role), role) for role in ROLES]
    return found


def look_at_ports(settings: Settings) -> Iterator[Finding]:
    """One finding for each."""
    roles = _running_roles(settings)
    for one in listeners(settings):
        yield _look(one, roles, settings.metrics.enabled)


def _look(one: Listener, roles: set[Role], is_known: bool) -> Finding:
    about = f"{one.setting} port {one.port}"
    problem = _why_not_free(one)
    if problem is None:
        if one.role in roles:
            return warning(
                about,
                f"the role {one.role} runs here and does not listen on it",
                "its log says why; does it run with another configuration?",
            )
        return ok(about, f"free on {one.bind}: the role {one.role} does not run here at the moment")
    if problem.errno == errno.EADDRINUSE:
        return _look_at_taken(one, about, roles, is_known)
    return failed(
        about,
        f"cannot be listened on at {one.bind}: {problem.strerror}",
        f"set {one.setting}.bind to an address of this machine, and {one.setting}.port above 1023 or give "
        "the right CAP_NET_BIND_SERVICE",
    )


def _look_at_taken(one: Listener, about: str, roles: set[Role], is_known: bool) -> Finding:
    if one.role in roles:
        return ok(about, f"taken by the role {one.role}, which runs here")
    if not is_known:
        return warning(
            about,
            "taken, and by whom cannot be told while metrics.enabled is false",
            f"make sure that it is the role {one.role}: `ss -ltnp` shows the process",
        )
    return failed(
        about,
        f"taken by a program that is not the role {one.role}",
        f"`ss -ltnp` shows the process: end it, or set {one.setting}.port to another number",
    )


def _why_not_free(one: Listener) -> OSError | None:
    family = socket.AF_INET6 if ":" in one.bind else socket.AF_INET
    try:
        with closing(socket.create_server((one.bind, one.port), family=family)):
            return None
    except OSError as error:
        return error


def _running_roles(settings: Settings) -> set[Role]:
    """Those that answer a probe on this machine."""
    if not settings.metrics.enabled:
        return set()
    host = _EVERYWHERE.get(settings.metrics.bind, settings.metrics.bind)
    host = f"[{host}]" if ":" in host else host
    return {role for role in ROLES if _is_ours(f"http://{host}:{settings.metrics.port_of(role)}/livez")}


def _is_ours(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=ANSWER_WITHIN_S) as answer:
            return bool(answer.headers["Server"].strip() == "preread")
    except urllib.error.HTTPError as error:  # a loop is stuck, and the role is there
        with error:
            return bool((error.headers["Server"] or "").strip() == "preread")
    except (OSError, ValueError, AttributeError):
        return False
