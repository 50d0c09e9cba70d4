from types import SimpleNamespace
from typing import Any

import pytest
from pydicom.dataset import Dataset

from service.errors import LedgerUnavailable
from service.net.enter_commitment import UnknownTransaction
from service.net.storage_commitment import CommitmentReport
from service.send.event_report import Beside, nothing_asked, on_event_report, on_pdu_sent
from tests.fakes.modality import TRANSACTION, dataset_of


def event(**attributes: Any) -> Any:
    return SimpleNamespace(event_information=dataset_of({"TransactionUID": TRANSACTION} | attributes))


def test_report_is_taken_and_not_owed_any_more() -> None:
    beside = Beside(owed={TRANSACTION})
    reports: list[CommitmentReport] = []
    assert on_event_report(event(), reports.append, beside) == (0x0000, None)
    assert (reports, beside.owed) == ([CommitmentReport(TRANSACTION, frozenset(), {})], set())
    assert beside.is_answering.is_set()
    on_pdu_sent(None, beside)
    assert not beside.is_answering.is_set()


@pytest.mark.parametrize(("error", "status"), [(UnknownTransaction(), 0x0115), (LedgerUnavailable(), 0x0213)])
def test_report_that_cannot_be_entered_is_refused_and_still_owed(error: Exception, status: int) -> None:
    def fail(_report: CommitmentReport) -> None:
        raise error

    beside = Beside(owed={TRANSACTION})
    assert on_event_report(event(), fail, beside) == (status, None)
    assert beside.owed == {TRANSACTION}


def test_report_that_is_not_readable_and_one_that_nobody_asked_for_are_refused() -> None:
    nameless = event(FailedSOPSequence=[Dataset()])
    assert on_event_report(nameless, lambda _report: None, Beside()) == (0x0115, None)
    assert on_event_report(event(), nothing_asked, Beside()) == (0x0115, None)
