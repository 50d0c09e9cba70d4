"""Raises the alarm about studies that do not get to their end: nothing may hang unnoticed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.questions.overdue import Overdue, find_overdue

log = structlog.get_logger()


class OverdueAlarm:
    """Looks at studies whose last image came `after_s` seconds ago or earlier."""

    def __init__(
        self, ledger: Ledger, after_s: float, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._ledger = ledger
        self._after = timedelta(seconds=after_s)
        self._clock = clock
        self._logged: tuple[int, str] = (0, "")

    def check(self) -> str:
        """What to tell people; empty while no study is overdue. Raises LedgerUnavailable."""
        now = self._clock()
        with self._ledger.read() as tx:
            found = find_overdue(tx, now - self._after)
        self._log(found)
        return _text(found, self._after, now) if found else ""

    def _log(self, found: Overdue | None) -> None:
        """A line when there are more than before or another one waits longest, not at every look."""
        before, self._logged = self._logged, _known(found)
        if found is None:
            if before != self._logged:
                log.info("no study is overdue any more")
        elif found.count > before[0] or before[1] != self._logged[1]:
            log.error(
                "studies are overdue",
                count=found.count,
                study_instance_uid=found.oldest.study_instance_uid,
                state=found.oldest.state,
            )


def _known(found: Overdue | None) -> tuple[int, str]:
    return (found.count, found.oldest.study_instance_uid) if found else (0, "")


def _text(found: Overdue, after: timedelta, now: datetime) -> str:
    what = "1 study has" if found.count == 1 else f"{found.count} studies have"
    oldest = found.oldest
    return (
        f"{what} reached no final state {_minutes(after)} after the last image (assemble.alarm_after_s); the "
        f"oldest, received {found.since:%Y-%m-%d %H:%M} UTC, is {oldest.state}: {oldest.reason}. "
        "`preread status --overdue` lists them"
    )


def _minutes(span: timedelta) -> str:
    return f"{span.total_seconds() / 60:g} min"
