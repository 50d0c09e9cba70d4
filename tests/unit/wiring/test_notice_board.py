"""What keeps a role from its work stands in the ledger while it lasts."""

from pathlib import Path

import pytest

from service.errors import LedgerUnavailable
from service.storage.ledger.ledger import Ledger
from service.wiring.notice_board import NoticeBoard


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    ledger.upgrade()
    return ledger


def texts(ledger: Ledger) -> list[str]:
    with ledger.read() as tx:
        return [notice.text for notice in tx.notices.all()]


def test_a_notice_stands_while_its_check_finds_something(ledger: Ledger) -> None:
    found = {"space": "", "broker": ""}
    board = NoticeBoard(ledger, "accept", {name: lambda name=name: found[name] for name in found})  # type: ignore[misc]
    shown = []
    for found["space"] in ("", "the disk is full", "the disk is full", "fuller", ""):
        board.turn()
        shown.append(texts(ledger))
    assert shown == [[], ["the disk is full"], ["the disk is full"], ["fuller"], []]


def test_a_notice_keeps_its_beginning_while_its_text_changes(ledger: Ledger) -> None:
    found = ["first", "second"]
    board = NoticeBoard(ledger, "accept", {"space": lambda: found.pop(0)})
    board.turn()
    with ledger.read() as tx:
        (first,) = tx.notices.all()
    board.turn()
    with ledger.read() as tx:
        (second,) = tx.notices.all()
    assert (second.text, second.since) == ("second", first.since)


def test_a_notice_of_a_process_that_died_is_cleared_by_the_next_one(ledger: Ledger) -> None:
    NoticeBoard(ledger, "accept", {"space": lambda: "the disk is full"}).turn()
    NoticeBoard(ledger, "accept", {"space": lambda: ""}).turn()
    assert texts(ledger) == []


def test_what_all_replicas_find_is_told_once(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    for host in ("one", "two"):
        monkeypatch.setattr("socket.gethostname", lambda host=host: host)
        NoticeBoard(ledger, "assemble", {"overdue": lambda: "1 study"}, common=True).turn()
    assert texts(ledger) == ["1 study"]


def test_what_could_not_be_entered_is_entered_later(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    board = NoticeBoard(ledger, "accept", {"space": lambda: "the disk is full"})

    def away() -> None:
        raise LedgerUnavailable("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "begin", away)
        with pytest.raises(LedgerUnavailable):
            board.turn()
    board.turn()
    assert texts(ledger) == ["the disk is full"]
