"""How often, how soon and how long work is tried again."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from service.enqueue.disposition import Disposition, disposition_of, reason_of
from service.storage.ledger.tables.leases import Lease


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When work is tried again, and when it is given up."""

    delays_s: tuple[float, ...]
    """Seconds before each further attempt; the last one is repeated. At least one."""
    delivery_limit: int
    """Strikes (deaths, stalls, mistakes) after which work becomes a dead letter; 1 or more."""
    deadline_s: float
    """Seconds after which work that only has to wait becomes a dead letter, too."""

    def delay_s(self, attempts: int) -> float:
        """Seconds to wait after the attempt of this number (from 1)."""
        return self.delays_s[min(attempts, len(self.delays_s)) - 1]

    def why_not_begun(self, lease: Lease) -> str:
        """Why nobody may try this work once more; empty where it is begun."""
        if lease.strikes < self.delivery_limit:
            return ""
        last = f"; the last time: {lease.reason}" if lease.reason else ""
        return f"its worker died, stalled or failed {lease.strikes} times{last}"

    def why_given_up(self, lease: Lease, error: Exception) -> str:
        """Why work that met `error` is a dead letter now; empty where it is tried again."""
        disposition, reason = disposition_of(error), reason_of(error)
        if disposition is Disposition.DEAD_LETTER:
            return reason
        if disposition is Disposition.STRIKE and lease.strikes + 1 >= self.delivery_limit:
            return reason
        waited = datetime.now(UTC) - lease.since
        if waited > timedelta(seconds=self.deadline_s):
            return f"tried for {_duration(waited)}; the last time: {reason}"
        return ""


def _duration(waited: timedelta) -> str:
    hours = waited.total_seconds() / 3600
    return f"{hours / 24:.1f} days ({hours:.1f} hours)"
