import inspect

import pytest

from service import errors
from service.enqueue.disposition import Disposition, disposition_of, reason_of
from service.errors import Permanent, PrereadError, Refused, Retryable


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, Disposition.ACK),
        (errors.NotAnalysable("no breast"), Disposition.ACK),
        (errors.PeerUnavailable("away"), Disposition.RETRY),
        (errors.InvalidMessage("newer"), Disposition.DEAD_LETTER),
        (errors.NewerMessage("newer"), Disposition.RETRY),
        (errors.EngineLost("gone"), Disposition.STRIKE),
        (KeyError("bug"), Disposition.STRIKE),
    ],
)
def test_type_of_the_error_decides(error: Exception | None, expected: Disposition) -> None:
    assert disposition_of(error) is expected


def test_every_error_of_the_service_has_one_parent_that_decides() -> None:
    parents = (Refused, Permanent, Retryable)
    for _, kind in inspect.getmembers(errors, inspect.isclass):
        if kind is not PrereadError:
            assert sum(issubclass(kind, parent) for parent in parents) == 1, kind


def test_reason_names_the_type_of_a_bug_only() -> None:
    assert reason_of(errors.PeerUnavailable("the PACS is away")) == "the PACS is away"
    assert reason_of(KeyError("rows")) == "KeyError: 'rows'"
