"""Who can reach what: pages beyond this machine without accounts, images from anybody."""

from collections.abc import Iterator
from contextlib import closing

from service.access.roles import Role
from service.config import Settings
from service.errors import LedgerUnavailable
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.questions.examine import file_of, revisions
from service.wiring.doctor.finding import Finding, failed, ok, skipped, warning

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def look_at_access(settings: Settings) -> Iterator[Finding]:
    """One finding or more for each way in."""
    yield from _look_at_worklist(settings)
    yield _look_at_senders(settings)
    if settings.accept.stow.enabled:
        yield _look_at_stow(settings)
    if settings.metrics.enabled and settings.metrics.bind not in _LOOPBACK:
        yield warning(
            "metrics",
            f"everybody who reaches {settings.metrics.bind} can read them; they hold no patient data",
            "let a firewall or a NetworkPolicy let in the monitoring only",
        )


def _look_at_worklist(settings: Settings) -> Iterator[Finding]:
    page = settings.worklist
    is_far = page.bind not in _LOOPBACK
    if page.sign_in == "never":
        yield (failed if is_far and not page.public_url else warning)(
            "worklist",
            f"nobody has to sign in (worklist.sign_in = never), and it listens on {page.bind}",
            "set worklist.sign_in to off-loopback, unless a proxy in front knows who asks",
        )
        return
    if is_far and not page.tls.is_on and not page.public_url.startswith("https://"):
        yield warning(
            "worklist",
            f"passwords and patients' names cross the network in the clear (bind {page.bind} without TLS)",
            "give worklist.tls, or put a proxy with TLS in front and name it in worklist.public_url",
        )
    if is_far or page.sign_in == "always":
        yield from _look_at_accounts(settings)
    else:
        yield ok("worklist", f"it listens on {page.bind} only, where nobody has to sign in")


def _look_at_accounts(settings: Settings) -> Iterator[Finding]:
    if settings.worklist.oidc.issuer:
        yield ok("accounts", "people sign in with the OpenID Connect provider")
        return
    add = "`preread account add NAME --role administrator` makes the first one"
    file = file_of(settings.ledger_url)
    if file is not None and not file.is_file():
        yield failed("accounts", "there is no ledger yet, so nobody can sign in", add)
        return
    try:
        with closing(Ledger(settings.ledger_url)) as ledger, ledger.read() as tx:
            if not revisions(tx.connection).is_newest:
                yield skipped("accounts", "the ledger's tables are of another version")
                return
            accounts = [one for one in tx.accounts.all() if not one.disabled]
    except LedgerUnavailable:
        yield skipped("accounts", "the ledger does not answer")
        return
    if not accounts:
        yield failed("accounts", "there is none, so nobody can sign in", add)
    elif not any(one.role is Role.ADMINISTRATOR for one in accounts):
        yield warning("accounts", f"{len(accounts)} can sign in, none of them an administrator", add)
    else:
        yield ok("accounts", f"{len(accounts)} can sign in")


def _look_at_senders(settings: Settings) -> Finding:
    accept = settings.accept
    restricted = accept.allowed_hosts or accept.only_listed_peers or accept.allowed_calling_ae_titles
    requires = accept.tls.only and accept.tls.client_certificates == "required"
    if accept.bind in _LOOPBACK or restricted or requires:
        return ok("senders", "who may send images is restricted")
    return warning(
        "senders",
        f"everybody who reaches {accept.bind} port {accept.port} may send images",
        "list networks in accept.allowed_hosts, or senders in accept.peers with accept.only_listed_peers",
    )


def _look_at_stow(settings: Settings) -> Finding:
    stow = settings.accept.stow
    if stow.bind in _LOOPBACK or stow.tokens_file or stow.client_certificates == "required":
        return ok("STOW-RS", "who may store is restricted")
    return failed(
        "STOW-RS",
        f"everybody who reaches {stow.bind} port {stow.port} may store, without a token or a certificate",
        "give accept.stow.tokens_file, or client_certificates = required",
    )
