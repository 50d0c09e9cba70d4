"""The ledger's database: it answers, its tables are of this version, it commits fast, its clock is ours."""

from collections.abc import Iterator
from contextlib import closing

from service.config import Settings
from service.storage.ledger.ledger import Ledger, Transaction
from service.storage.ledger.questions.examine import ahead_s, commit_s, file_of, revisions, server_version
from service.wiring.doctor.finding import Finding, failed, ok, skipped, warning

SLOW_COMMIT_S = 0.1
"""A study is some dozen commits."""
SKEW_S = 1.0
"""Apart by so much, times of one study are in the wrong order."""


def look_at_database(settings: Settings) -> Iterator[Finding]:
    """Raises LedgerUnavailable, ConfigurationError."""
    file = file_of(settings.ledger_url)
    if file is not None and not file.is_file():
        yield skipped("ledger", f"there is no {file} yet: the first role that starts makes it")
        return
    with closing(Ledger(settings.ledger_url)) as ledger:
        with ledger.read() as tx:
            yield ok("ledger", f"{server_version(tx.connection)} answers")
            found = revisions(tx.connection)
            yield from _look_at_revision(found.found, found.newest, found.is_known)
            yield from _look_at_clock(tx, settings)
        if found.is_newest:
            yield _look_at_commit(commit_s(ledger))


def _look_at_revision(found: str, newest: str, is_known: bool) -> Iterator[Finding]:
    if found == newest:
        yield ok("tables", f"as this version makes them (migration {found})")
    elif not found:
        yield warning(
            "tables",
            "there are none yet",
            "`preread ledger upgrade` makes them, as every role does at its start",
        )
    elif is_known:
        yield warning(
            "tables",
            f"of an older version (migration {found}, this version has {newest})",
            "`preread ledger upgrade` brings them to this version, as every role does at its start",
        )
    else:
        yield warning(
            "tables",
            f"of a newer version (migration {found}, this version has {newest}), on which this one works",
            "bring this machine to that version, too",
        )


def _look_at_commit(took_s: float) -> Finding:
    seen = f"a small commit takes {took_s * 1000:.1f} ms"
    if took_s <= SLOW_COMMIT_S:
        return ok("commits", seen)
    return warning(
        "commits",
        seen,
        "put the database on a disk that flushes quickly (SSD), and near to the service",
    )


def _look_at_clock(tx: Transaction, settings: Settings) -> Iterator[Finding]:
    ahead = ahead_s(tx.connection)
    if ahead is None:
        return
    seen = f"the database's is {abs(ahead):.2f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    to_do = "let both machines take their time from the same NTP servers"
    if abs(ahead) > settings.broker.lease_s / 2:
        yield failed("clock", f"{seen}: leases (broker.lease_s) of living workers may run out", to_do)
    elif abs(ahead) > SKEW_S:
        yield warning("clock", seen, to_do)
    else:
        yield ok("clock", seen)
