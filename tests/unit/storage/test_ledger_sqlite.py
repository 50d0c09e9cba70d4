import ast
from pathlib import Path
from typing import TypeGuard

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from service.errors import LedgerUnavailable
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.schema.migrate import MIGRATIONS, alembic_config
from service.storage.ledger.schema.tables import studies
from service.storage.ledger.steps.receive import record_received
from tests.contracts.ledger import LedgerContract
from tests.factories import STUDY, received

STUDY_OF_0003 = """
INSERT INTO studies (study_instance_uid, revision, state, reason, priority, instance_count, received_at,
  last_instance_at, updated_at, patient_name, patient_id, patient_birth_date, patient_sex, accession_number,
  study_date, study_time, study_description, modalities)
VALUES ('1.2', 1, 'received', '', 'routine', 1, '2026-01-02 03:04:05', '2026-01-02 03:04:05',
  '2026-01-02 03:04:05', '', '', '', '', '', '', '', '', '[]')
"""
INSTANCE_OF_0003 = """
INSERT INTO instances (sop_instance_uid, study_instance_uid, series_instance_uid, sop_class_uid,
  transfer_syntax_uid, key, digest, size_bytes, calling_ae_title, received_at)
VALUES ('1.2.3.4', '1.2', '1.2.3', '1.2.840.10008.5.1.4.1.1.6.1', '1.2.840.10008.1.2.1', 'instances/1.dcm',
  '00', 1000, 'US1', '2026-01-02 03:04:05')
"""


class TestLedgerOnSqlite(LedgerContract):
    @pytest.fixture
    def ledger_url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"


def test_migrations_lead_to_the_schema(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    ledger = Ledger(url)
    ledger.upgrade()
    ledger.close()
    engine = create_engine(url)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), studies.metadata)
    engine.dispose()
    assert differences == []


def test_ledger_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    ledger = Ledger(f"sqlite:///{tmp_path / 'folder'}")
    with pytest.raises(LedgerUnavailable, match="does not answer"):
        ledger.upgrade()
    ledger.close()


def test_instances_of_the_version_before_have_no_called_ae_title(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    engine = create_engine(url)
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0003")
        connection.execute(text(STUDY_OF_0003))
        connection.execute(text(INSTANCE_OF_0003))
    engine.dispose()
    ledger = Ledger(url)
    ledger.upgrade()
    with ledger.read() as tx:
        (instance,) = tx.instances.of_study("1.2")
    ledger.close()
    assert (instance.calling_ae_title, instance.called_ae_title) == ("US1", "")


def test_version_before_works_on_a_ledger_that_a_newer_one_has_upgraded(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    first = Ledger(url)
    first.upgrade()
    first.close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE studies ADD COLUMN added_later TEXT NOT NULL DEFAULT ''"))
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    ledger = Ledger(url)
    ledger.upgrade()
    record_received(ledger, received())
    with ledger.read() as tx:
        assert tx.studies.find(STUDY) is not None
    ledger.close()


FIRST_RELEASED = "0003"
ADDITIONS = {"create_table", "create_index", "add_column", "get_bind", "f"}


@pytest.mark.parametrize(
    "file",
    [one for one in sorted((MIGRATIONS / "versions").glob("[0-9]*.py")) if one.name[:4] > FIRST_RELEASED],
    ids=lambda file: file.stem,
)
def test_migration_only_adds_what_the_version_before_can_pass_over(file: Path) -> None:
    """Old processes go on while new ones start: what they insert lacks the new columns."""
    calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    operations = [call.func.attr for call in calls if _is_attribute_of(call.func, "op")]
    assert set(operations) <= ADDITIONS
    for call in calls:
        if _is_attribute_of(call.func, "op") and call.func.attr == "add_column":
            column = call.args[1]
            assert isinstance(column, ast.Call)
            given = {keyword.arg: keyword.value for keyword in column.keywords}
            is_nullable = "nullable" not in given
            assert is_nullable or "server_default" in given, ast.unparse(call)


def _is_attribute_of(function: ast.expr, name: str) -> TypeGuard[ast.Attribute]:
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == name
    )
