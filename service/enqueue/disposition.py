"""What becomes of a delivery: the type of the handler's exception decides, in one table."""

from enum import StrEnum

from service.errors import EngineLost, Permanent, PrereadError, Refused, Retryable


class Disposition(StrEnum):
    """How a delivery ends."""

    ACK = "ack"
    RETRY = "retry"
    STRIKE = "strike"
    """Retry, and count it: work that does this too often is a dead letter."""
    DEAD_LETTER = "dead_letter"


_TABLE: tuple[tuple[type[Exception], Disposition], ...] = (
    # The handler has put the reason into the ledger before it raised: the work is done.
    (Refused, Disposition.ACK),
    # It may be this very study that kills the GPU.
    (EngineLost, Disposition.STRIKE),
    # The world is at fault, not the work: it waits as long as it must, up to the deadline.
    (Retryable, Disposition.RETRY),
    (Permanent, Disposition.DEAD_LETTER),
    # A bug. The next attempt may meet other circumstances; the delivery limit bounds it.
    (Exception, Disposition.STRIKE),
)
"""The first row that the exception is an instance of counts."""


def disposition_of(error: Exception | None) -> Disposition:
    """How a delivery ends whose handler raised `error`; None when it returned."""
    if error is None:
        return Disposition.ACK
    return next(disposition for kind, disposition in _TABLE if isinstance(error, kind))


def reason_of(error: Exception) -> str:
    """The error as a reason for a person. A bug is named with its type: its text alone rarely explains it."""
    return str(error) if isinstance(error, PrereadError) else f"{type(error).__name__}: {error}"
