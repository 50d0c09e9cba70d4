"""Storage commitment: reports on new associations, again and again until they are answered (PS3.4 J.3.3).

Whatever no association of its own is about to report is done here, also after a restart: the ledger knows it.
"""

import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from service.accept.association.event_reports import EventReport
from service.accept.commitment.held import HeldCommitments
from service.accept.commitment.truth import CommitmentTruth, event_report
from service.errors import PeerUnavailable, Retryable
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.commitments import Commitment

log = structlog.get_logger()

SendReport = Callable[[str, EventReport], None]
"""Reports to the AE title. Returns once it has answered Success; raises PeerUnavailable."""
DEADLINE = timedelta(hours=24)
"""After that the peer has long forgotten, or asked again."""
EARLIEST = timedelta(seconds=1)
"""The response to the request must reach the peer before the report."""
FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(minutes=30)
_DOUBLINGS = 16


class CommitmentReporter:
    """Call `turn` again and again, from one thread."""

    def __init__(
        self,
        ledger: Ledger,
        truth: CommitmentTruth,
        held: HeldCommitments,
        send: SendReport,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger = ledger
        self._truth = truth
        self._held = held
        self._send = send
        self._now = now
        self._not_before: dict[int, datetime] = {}

    def turn(self) -> None:
        """Try each report that is due once. Raises LedgerUnavailable, StoreUnavailable."""
        now = self._now()
        with self._ledger.read() as tx:
            unanswered = tx.commitments.unanswered(now - DEADLINE)
        self._not_before = {number: at for number, at in self._not_before.items() if number in unanswered}
        unreachable: set[str] = set()
        for number in unanswered:
            if not self._held.holds(number) and self._not_before.get(number, now) <= now:
                self._try(number, unreachable)

    def _try(self, number: int, unreachable: set[str]) -> None:
        """Report one, unless its peer was not reached just now: one that is off must not hold up others."""
        with self._ledger.read() as tx:
            commitment = tx.commitments.find(number)
        if commitment is None or commitment.answered_at or commitment.calling_ae_title in unreachable:
            return
        try:
            outcome = self._reported(commitment)
        except PeerUnavailable as error:
            unreachable.add(commitment.calling_ae_title)
            self._wait(commitment, str(error))
        except Retryable:
            raise
        except Exception as error:  # the edge of this loop: the other reports go on
            where = traceback.extract_tb(error.__traceback__)[-1]
            log.error("report failed", error=type(error).__name__, file=where.filename, line=where.lineno)
            self._wait(commitment, f"an unforeseen error ({type(error).__name__}); the log says where")
        else:
            self._enter(commitment, outcome)

    def _reported(self, commitment: Commitment) -> str:
        """Send the report; what it said, empty where it is too early."""
        failures = self._truth.failures(commitment)
        if failures is None or self._now() < commitment.requested_at + EARLIEST:
            return ""
        report, outcome = event_report(commitment, failures)
        self._send(commitment.calling_ae_title, report)
        return outcome

    def _enter(self, commitment: Commitment, outcome: str) -> None:
        if not outcome:
            return
        with self._ledger.begin() as tx:
            tx.commitments.tried(commitment.id, outcome, self._now())
        log.info("storage commitment reported", calling_ae_title=commitment.calling_ae_title, reason=outcome)

    def _wait(self, commitment: Commitment, problem: str) -> None:
        """Enter a failed attempt and put the next one off, each time twice as long."""
        delay = min(FIRST_DELAY * 2 ** min(commitment.attempts, _DOUBLINGS), LONGEST_DELAY)
        at = self._now() + delay
        self._not_before[commitment.id] = at
        is_over = at >= commitment.requested_at + DEADLINE
        reason = f"{problem}; given up" if is_over else problem
        with self._ledger.begin() as tx:
            tx.commitments.tried(commitment.id, reason)
        log.warning(
            "storage commitment not reported",
            calling_ae_title=commitment.calling_ae_title,
            attempts=commitment.attempts + 1,
            reason=reason,
        )
