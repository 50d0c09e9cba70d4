import pytest
from pydicom.dataset import Dataset
from pynetdicom.dsutils import decode

from service.accept.association.command import CommandField, read_command
from service.accept.association.event_reports import EventReport, EventReports
from service.accept.association.negotiation import Context
from tests.fakes.datasets import EXPLICIT_VR_LE, IMPLICIT_VR_LE
from tests.fakes.modality import COMMITMENT, COMMITMENT_INSTANCE, TRANSACTION, event_report_rsp


class Owed:
    """Remembers what became of it."""

    def __init__(self, *, is_known: bool = True) -> None:
        self.is_known = is_known
        self.is_expired = False
        self.fate = ""

    def report(self) -> EventReport | None:
        information = Dataset()
        information.TransactionUID = TRANSACTION
        return EventReport(COMMITMENT, COMMITMENT_INSTANCE, 1, information) if self.is_known else None

    def answered(self, status: int) -> None:
        self.fate = f"answered 0x{status:04X}"

    def lost(self) -> None:
        self.fate = "lost"


def owing(*owed: Owed, syntax: str = IMPLICIT_VR_LE) -> EventReports:
    reports = EventReports()
    for one in owed:
        reports.owe(one, Context(3, COMMITMENT, syntax))
    return reports


@pytest.mark.parametrize("syntax", [IMPLICIT_VR_LE, EXPLICIT_VR_LE])
@pytest.mark.parametrize("max_pdu_bytes", [128, 16384])
def test_report_is_encoded_for_its_context_in_pdus_of_the_agreed_length(
    syntax: str, max_pdu_bytes: int
) -> None:
    from io import BytesIO

    pdus = owing(Owed(), syntax=syntax).next_pdus(max_pdu_bytes)
    parts, at = {True: b"", False: b""}, 0
    while at < len(pdus):
        length = int.from_bytes(pdus[at + 2 : at + 6], "big")
        assert length <= max_pdu_bytes
        assert pdus[at + 10] == 3
        parts[bool(pdus[at + 11] & 1)] += pdus[at + 12 : at + 6 + length]
        at += 6 + length
    command = decode(BytesIO(parts[True]), True, True)
    information = decode(BytesIO(parts[False]), syntax == IMPLICIT_VR_LE, True)
    assert (command.CommandField, command.EventTypeID) == (CommandField.N_EVENT_REPORT, 1)
    assert command.AffectedSOPInstanceUID == COMMITMENT_INSTANCE
    assert information.TransactionUID == TRANSACTION


def test_one_report_is_open_at_a_time() -> None:
    one, two = Owed(), Owed()
    reports = owing(one, two)
    reports.next_pdus(16384)
    assert not reports.are_due
    assert reports.answered(1, 0x0000)
    assert reports.are_due
    reports.next_pdus(16384)
    assert reports.answered(2, 0x0110)
    assert (one.fate, two.fate) == ("answered 0x0000", "answered 0x0110")


def test_nothing_is_sent_as_long_as_nothing_is_known() -> None:
    owed = Owed(is_known=False)
    reports = owing(owed)
    assert reports.next_pdus(16384) == b""
    assert reports.are_due
    owed.is_known = True
    assert reports.next_pdus(16384) != b""


def test_report_that_has_expired_makes_way_for_the_next_one() -> None:
    late, next_one = Owed(), Owed()
    late.is_expired = True
    reports = owing(late, next_one)
    assert reports.next_pdus(16384) == b""
    assert late.fate == "lost"
    assert reports.next_pdus(16384) != b""


def test_association_that_ends_loses_what_is_owed_and_what_was_asked() -> None:
    asked, waiting = Owed(), Owed()
    reports = owing(asked, waiting)
    reports.next_pdus(16384)
    reports.close()
    assert (asked.fate, waiting.fate) == ("lost", "lost")
    assert not reports.answered(1, 0x0000)


def test_response_to_a_report_is_read() -> None:
    command = read_command(event_report_rsp(7, 0x0110))
    assert (command.field, command.message_id) == (CommandField.N_EVENT_REPORT_RSP, 7)
    assert (command.status, command.has_dataset) == (0x0110, False)
