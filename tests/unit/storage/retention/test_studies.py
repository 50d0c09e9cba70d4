"""Whole studies leave after their time, with every file and row, and only those that are done with."""

from datetime import timedelta

import pytest
from sqlalchemy import Table, func, select

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.schema.tables import studies
from service.storage.retention.studies import OF_STUDY, StudyRetention
from service.storage.store.memory import MemoryStore
from service.study.model import ReceivedInstance
from service.study.state import StudyEvent
from tests.factories import STUDY
from tests.unit.storage.retention import test_images
from tests.unit.storage.retention.test_images import deliver, now, receive, report

images = test_images.images
OTHERS = "quarantine/2026-03-01/00000000-0000-0000-0000-000000000000.dcm"


def retention(ledger: Ledger, store: MemoryStore, days_later: float = 31) -> StudyRetention:
    """With 30 days, so many days later."""
    return StudyRetention(ledger, store, 30, lambda: now() + timedelta(days=days_later))


def rows(ledger: Ledger) -> dict[str, int]:
    """How many rows there are in each table that has any, but for that of scanners, who are no patients."""
    with ledger.read() as tx:
        counts = {
            table.name: tx.connection.scalar(select(func.count()).select_from(table)) or 0
            for table in studies.metadata.sorted_tables
        }
    return {name: count for name, count in counts.items() if count and name != "senders"}


def test_every_table_that_knows_studies_is_emptied() -> None:
    known = {"studies", "history", "instances", "analyses", "objects", "deliveries", "leases"}
    assert known < {table.name for table in OF_STUDY}
    referring = {
        table for table in studies.metadata.tables.values() if _refers_to(table, {"studies", "objects"})
    }
    assert referring <= set(OF_STUDY)


def _refers_to(table: Table, names: set[str]) -> bool:
    return any(key.column.table.name in names for key in table.foreign_keys)


@pytest.mark.usefixtures("images")
def test_study_that_is_due_leaves_with_every_file_and_row(ledger: Ledger, store: MemoryStore) -> None:
    retention(ledger, store).turn()
    assert store.keys("") == [OTHERS]
    assert rows(ledger) == {}


def test_look_removes_nothing(ledger: Ledger, store: MemoryStore, images: list[ReceivedInstance]) -> None:
    removal = retention(ledger, store).look(STUDY)
    assert removal is not None
    assert removal.files == len(images) + 3
    assert retention(ledger, store).due() == [STUDY]


@pytest.mark.usefixtures("images")
def test_study_stays_until_its_time(ledger: Ledger, store: MemoryStore) -> None:
    before = rows(ledger)
    retention(ledger, store, days_later=29).turn()
    assert retention(ledger, store, days_later=29).remove(STUDY) is None
    assert rows(ledger) == before


def test_study_with_something_undelivered_stays(ledger: Ledger, store: MemoryStore) -> None:
    receive(ledger, store, 1)
    report(ledger)
    retention(ledger, store).turn()
    with ledger.begin() as tx:
        tx.studies.move(STUDY, StudyEvent.GAVE_UP, "turned away")
    retention(ledger, store).turn()
    assert store.keys(f"instances/{STUDY}/") != []


def test_study_that_was_not_for_us_leaves_too(ledger: Ledger, store: MemoryStore) -> None:
    receive(ledger, store, 1)
    with ledger.begin() as tx:
        tx.studies.move(STUDY, StudyEvent.STUDY_COMPLETE, "")
        tx.studies.move(STUDY, StudyEvent.NOTHING_TO_ANALYSE, "no rule matches")
    retention(ledger, store).turn()
    assert rows(ledger) == {}
    assert store.keys("") == []


def test_study_that_comes_again_is_a_new_one(ledger: Ledger, store: MemoryStore) -> None:
    receive(ledger, store, 1)
    report(ledger)
    deliver(ledger)
    retention(ledger, store).turn()
    receive(ledger, store, 1)
    with ledger.read() as tx:
        study = tx.studies.find(STUDY)
    assert study is not None
    assert (study.revision, study.instance_count) == (1, 1)
