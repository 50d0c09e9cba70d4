from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.schema.migrate import alembic_config
from service.storage.ledger.steps.assess import assess
from service.study.assessment import Assessment, Verdict
from service.study.search import NOT_ASSESSED, Cursor, StudyFilter
from tests.contracts.search import SearchContract, scored, study


class TestSearchOnSqlite(SearchContract):
    @pytest.fixture
    def ledger_url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"


def test_studies_of_the_version_before_are_found_after_the_upgrade(tmp_path: Path) -> None:
    """As if the ledger had been made before there were terms: the migration enters them."""
    from alembic import command

    url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    ledger = Ledger(url)
    ledger.upgrade()
    for number in range(3):
        study(ledger, f"1.{number + 1}", number, patient_name=f"Doe^{'ABC'[number]}")
    scored(ledger, "1.2", "5")
    with ledger.begin() as tx:
        for index in ("studies_state_received_at", "studies_changed_at", "analyses_finished_at"):
            tx.connection.execute(text(f"DROP INDEX ix_{index}"))
        for index in ("deliveries_updated_at", "assessments_assessed_at"):
            tx.connection.execute(text(f"DROP INDEX ix_{index}"))
        tx.connection.execute(text("DROP TABLE search_terms"))
        tx.connection.execute(text("ALTER TABLE studies DROP COLUMN changed_at"))
        tx.connection.execute(text("UPDATE alembic_version SET version_num = '0012'"))
        command.upgrade(alembic_config(tx.connection), "0013")
    with ledger.read() as tx:
        assert tx.search.find(StudyFilter(text="doe"), 10).study_instance_uids == ["1.3", "1.2", "1.1"]
        found = tx.search.find(StudyFilter(text="b", category="5"), 10)
    assert found.study_instance_uids == ["1.2"]
    ledger.close()


def test_what_was_said_before_the_upgrade_is_found(tmp_path: Path) -> None:
    from alembic import command

    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    ledger.upgrade()
    for number, verdicts in enumerate(([], [Verdict.REJECTED], [Verdict.REJECTED, Verdict.ACCEPTED])):
        uid = f"1.{number + 1}"
        study(ledger, uid, number)
        scored(ledger, uid, "5")
        with ledger.begin() as tx:
            for verdict in verdicts:
                comment = "artefact" if verdict is Verdict.REJECTED else ""
                assess(tx, Assessment(uid, 1, "us-mass", verdict, "", comment, "Anna", datetime.now(UTC)))
    study(ledger, "1.9", 9)
    with ledger.begin() as tx:
        terms = tx.connection.execute(text("SELECT * FROM search_terms ORDER BY 1, 2")).all()
        tx.connection.execute(text("DELETE FROM search_terms WHERE term LIKE 'verdict:%'"))
        tx.connection.execute(text("UPDATE alembic_version SET version_num = '0017'"))
        command.upgrade(alembic_config(tx.connection), "0018")
        assert tx.connection.execute(text("SELECT * FROM search_terms ORDER BY 1, 2")).all() == terms
        assert tx.search.find(StudyFilter(verdict="accepted"), 10).study_instance_uids == ["1.3"]
        assert tx.search.find(StudyFilter(verdict="rejected"), 10).study_instance_uids == ["1.2"]
        assert tx.search.find(StudyFilter(verdict=NOT_ASSESSED), 10).study_instance_uids == ["1.1"]
    ledger.close()


@pytest.mark.parametrize("wrong", ["", "now", "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00~1.2", "~1.2"])
def test_what_is_no_cursor_is_told(wrong: str) -> None:
    with pytest.raises(ValueError):
        Cursor.parse(wrong)
