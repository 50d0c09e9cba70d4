"""Indexes of a new version are built on PostgreSQL while others write."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.schema.indexes import OBSOLETE, missing_indexes
from service.storage.ledger.steps.receive import record_received
from tests.factories import received

pytestmark = pytest.mark.integration
SOME = ("ix_leases_held", "ix_studies_study_date", "ix_studies_with_images")


@pytest.fixture
def ledger(postgres_url: str) -> Iterator[Ledger]:
    """As a version without some of the indexes has left it, and with one that is obsolete."""
    ledger = Ledger(postgres_url)
    ledger.upgrade()
    with ledger.begin() as tx:
        for name in SOME:
            tx.connection.execute(text(f"DROP INDEX {name}"))
        for name in OBSOLETE:
            tx.connection.execute(text(f"CREATE INDEX {name} ON analyses (shadow, queued_at)"))
    yield ledger
    ledger.close()


def missing(ledger: Ledger) -> list[str]:
    with ledger.read() as tx:
        return [str(index.name) for index in missing_indexes(tx.connection)]


def test_an_upgrade_leaves_them_to_be_built_beside(ledger: Ledger, postgres_url: str) -> None:
    second = Ledger(postgres_url)
    second.upgrade()
    second.close()
    assert missing(ledger) == sorted(SOME)
    assert ledger.build_indexes() == []
    assert missing(ledger) == []
    with ledger.read() as tx:
        found = tx.connection.scalars(text("SELECT indexname FROM pg_indexes"))
        assert not set(found) & set(OBSOLETE)


def test_others_write_while_they_are_built(ledger: Ledger) -> None:
    """A transaction that has written holds an index up; it holds up no other writer."""
    record_received(ledger, received(study_instance_uid="1.1"))
    with ledger.begin() as tx:
        tx.studies.lock("1.1")
        builder = threading.Thread(target=ledger.build_indexes)
        builder.start()
        builder.join(1.0)
        record_received(ledger, received(study_instance_uid="1.2"))
        assert builder.is_alive()
    builder.join(60)
    assert missing(ledger) == []


def test_what_a_process_that_ended_has_left_half_built_is_built_anew(ledger: Ledger) -> None:
    ledger.build_indexes()
    with ledger.begin() as tx:
        tx.connection.execute(
            text(
                "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_studies_study_date'::regclass"
            )
        )
    assert missing(ledger) == ["ix_studies_study_date"]
    assert ledger.build_indexes() == []


def test_one_process_builds_and_the_others_leave_it_to_that(ledger: Ledger) -> None:
    from service.storage.ledger.schema.indexes import _LOCK

    with ledger.begin() as tx:
        tx.connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        assert ledger.build_indexes() == sorted(SOME)
    assert ledger.build_indexes() == []
