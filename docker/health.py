#!/opt/preread/bin/python
"""`preread-health [ROLE]`: exit status 0 where the role in this container does its work, else 1 and why.

accept answers an association, worklist its health check, infer and send reach the ledger; and no loop of
any of them hangs, which its own /livez tells. Without ROLE it is the one that the container was started with;
`run` is asked as accept and worklist, and for the loops of all four.
"""

import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from service.config import Settings
from service.config.load import load_settings
from service.config.metrics import ROLES, Role

TIMEOUT_S = 5.0
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - to be compared with, not to listen on


def answers_association(settings: Settings) -> None:
    """Raises OSError where the SCP does not answer; a rejection is an answer."""
    from pynetdicom import AE
    from pynetdicom.sop_class import Verification

    if settings.accept.tls.is_on and settings.accept.tls.only:
        return  # only a sender with a certificate gets an answer there
    ae = AE("HEALTH")
    ae.acse_timeout = ae.network_timeout = ae.connection_timeout = TIMEOUT_S
    ae.add_requested_context(Verification)
    address, port = _reachable(settings.accept.bind), settings.accept.port
    association = ae.associate(address, port, ae_title=settings.accept.ae_title)
    if association.is_established:
        association.release()
    elif not association.is_rejected:
        raise OSError(f"no answer to an association on {address}:{port}")


def answers_browsers(settings: Settings) -> None:
    """Raises OSError where the worklist does not answer, or cannot read the ledger."""
    scheme = "https" if settings.worklist.tls.is_on else "http"
    _ask(f"{scheme}://{_in_url(settings.worklist.bind)}:{settings.worklist.port}/healthz")


def reaches_ledger(settings: Settings) -> None:
    """Raises LedgerUnavailable."""
    from service.storage.ledger.ledger import Ledger

    with closing(Ledger(settings.ledger_url)) as ledger, ledger.read() as tx:
        tx.studies.latest(1)


def turns(role: Role, settings: Settings) -> None:
    """Raises OSError where a loop of the role hangs, or nobody says that none does."""
    if not settings.metrics.enabled:
        return
    try:
        _ask(f"http://{_in_url(settings.metrics.bind)}:{settings.metrics.port_of(role)}/livez")
    except urllib.error.HTTPError as error:
        with error:
            raise OSError(error.read().decode("utf-8", "replace").strip()) from None


CHECKS: dict[str, tuple[Callable[[Settings], None], ...]] = {
    "accept": (answers_association, partial(turns, "accept")),
    "infer": (reaches_ledger, partial(turns, "infer")),
    "send": (reaches_ledger, partial(turns, "send")),
    "worklist": (answers_browsers, partial(turns, "worklist")),
    "run": (answers_association, answers_browsers, *(partial(turns, role) for role in ROLES)),
}


def role_of(command: str) -> str | None:
    """The role in the command line of a process, as /proc has it: arguments that end with NUL."""
    return next((part for part in command.split("\0") if part in CHECKS), None)


def main() -> None:
    """Check the role that is named, or the one that this container runs."""
    role = sys.argv[1] if len(sys.argv) > 1 else role_of(Path("/proc/1/cmdline").read_text(encoding="utf-8"))
    if role not in CHECKS:
        sys.exit(f"say which role to check: preread-health {'|'.join(CHECKS)}")
    settings = load_settings()
    try:
        for check in CHECKS[role]:
            check(settings)
    except Exception as error:  # whatever it is, the role does not do its work
        sys.exit(f"{role}: {error}")


def _ask(url: str) -> None:
    itself = ssl.create_default_context()
    itself.check_hostname, itself.verify_mode = False, ssl.CERT_NONE  # its certificate is for another name
    by_no_proxy = urllib.request.ProxyHandler({})
    opener = urllib.request.build_opener(by_no_proxy, urllib.request.HTTPSHandler(context=itself))
    with opener.open(url, timeout=TIMEOUT_S):
        pass


def _reachable(bind: str) -> str:
    return EVERYWHERE.get(bind, bind)


def _in_url(bind: str) -> str:
    host = _reachable(bind)
    return f"[{host}]" if ":" in host else host


if __name__ == "__main__":
    main()
