"""What an upgrade promises on every database: a ledger of each earlier version keeps its rows and works."""

import json
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from sqlalchemy import Column, Engine, MetaData, Table, create_engine, inspect, select

from service.infer.worker import Worker
from service.storage.ledger.schema.migrate import alembic_config
from service.storage.ledger.schema.tables import studies
from service.storage.ledger.steps.retry_study import retry_study
from service.storage.ledger.tables.commitment_requests import CommitmentRequest
from service.storage.ledger.tables.commitments import Reference
from service.storage.ledger.tables.promotions import Promotion
from service.storage.ledger.tables.search_terms import index_results
from service.study.assessment import Assessment, Verdict
from service.study.prior import PriorFetch, PriorsWanted
from service.study.procedure_step import ProcedureStep, ProcedureStepStatus
from service.study.search import StudyFilter
from service.study.state import StudyEvent, StudyState
from tests.contracts.access import ANNA, SESSION, TOKEN, event
from tests.fakes.pool import INLINE_POOLS
from tests.fakes.workitems import held
from tests.unit.pipeline import US_TO_PACS, assemble, enqueue, messages, phantom
from tests.unit.recover.site import Site, images

FIRST_RELEASED = "0003"
_VERSIONS = [one.revision for one in ScriptDirectory.from_config(alembic_config()).walk_revisions()]
EARLIER = tuple(version for version in reversed(_VERSIONS[1:]) if version >= FIRST_RELEASED)
"""Every version of the ledger that was in use but the last one, the first one first."""
QUEUE = "inference.us-mass.urgent"
ACCESS_SINCE = "0014"
VERDICTS_SINCE = "0018"


@dataclass(frozen=True)
class Department:
    """A ledger of today with rows in every table, by table, and the store that belongs to it."""

    folder: Path
    rows: dict[str, list[dict[str, Any]]]
    delivered: str
    reported: str
    queued: str
    failed: str
    late: Dataset
    """An image of the delivered study that has not come."""


def another_phantom(images: Sequence[Dataset]) -> list[Dataset]:
    """The same pixels as a study of its own."""
    study = deepcopy(list(images))
    uid = generate_uid()
    for ds in study:
        ds.StudyInstanceUID, ds.SOPInstanceUID = uid, generate_uid()
    return study


def make_department(folder: Path) -> Department:
    """Made by the stages themselves."""
    site = Site(folder)
    first, late = phantom()
    failed = site.receive(images(1))
    with site.ledger.begin() as tx:
        lease = tx.leases.take(failed, 1, "inference.us-mass")
        tx.leases.bury(lease, "the disk was full")
        tx.studies.move(failed, StudyEvent.GAVE_UP, "the disk was full")
    delivered = site.receive([first])
    site.analyse(delivered)
    site.deliver(delivered)
    reported = site.receive(another_phantom([first]))
    site.analyse(reported)
    messages(site.ledger, QUEUE)
    queued = site.receive(another_phantom([first, late]))
    assemble(site.ledger, site.store)
    enqueue(site.ledger, site.store, US_TO_PACS)
    site.receive(images(2))
    _fill_the_rest(site, delivered, reported)
    with site.ledger.read() as tx:
        rows = {
            table.name: [dict(row._mapping) for row in tx.connection.execute(select(table))]
            for table in studies.metadata.sorted_tables
        }
    site.close()
    empty = [name for name, found in rows.items() if not found]
    assert empty == [], "give these tables rows here, so that upgrades are tried with them"
    return Department(folder, rows, delivered, reported, queued, failed, late)


def _fill_the_rest(site: Site, delivered: str, reported: str) -> None:
    now = datetime.now(UTC)
    references = (Reference("1.2.3", "1.2.3.4"),)
    with site.ledger.begin() as tx:
        tx.assessments.add(
            Assessment(delivered, 1, "us-mass", Verdict.MODIFIED, "4A", "a cyst", "Anna Berg", now, "1.2.9")
        )
        index_results(tx.connection, delivered)
        tx.priors.mark("1.2.7", delivered)
        tx.priors.ask(PriorFetch(reported, PriorsWanted(2, 5, ("US",)), now + timedelta(minutes=1)))
        tx.procedure_steps.create(
            ProcedureStep("1.2.8", delivered, ProcedureStepStatus.COMPLETED, ("1.2.3",), "US1", now)
        )
        tx.commitments.add("1.2.5", "US1", references, now)
        tx.commitment_requests.add(CommitmentRequest("1.2.6", reported, 1, "pacs", references, now))
        tx.notices.put("accept@host/space", "the disk is nearly full", now)
        tx.promotions.add(Promotion("new", "old", "anna", now, {"images": 7}))
        tx.accounts.add(ANNA)
        tx.accounts.begin(SESSION)
        tx.api_tokens.add(TOKEN)
        tx.audit.add(event())
        tx.workitems.add(held(claimed_at=now))


def at_version(engine: Engine, version: str, rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    """Make a ledger of an earlier version with these rows, as far as it knows them. Returns its contents."""
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), version)
    tables = _tables_of(engine)
    with engine.begin() as connection:
        for table in tables:
            known = [
                {column.name: row[column.name] for column in table.c}
                for row in rows[table.name]
                if version >= VERDICTS_SINCE or not row.get("term", "").startswith("verdict:")
            ]
            connection.execute(table.insert(), known)
    return contents(engine, tables)


def _tables_of(engine: Engine) -> list[Table]:
    """The tables that are there, with the columns that are there but for numbers that count up."""
    inspector = inspect(engine)
    there = set(inspector.get_table_names())
    tables = []
    for table in studies.metadata.sorted_tables:
        if table.name in there:
            names = {column["name"] for column in inspector.get_columns(table.name)} - {"id"}
            columns = [Column(one.name, one.type) for one in table.c if one.name in names]
            tables.append(Table(table.name, MetaData(), *columns))
    return tables


def contents(engine: Engine, tables: Sequence[Table]) -> dict[str, list[str]]:
    """All rows of these columns."""
    with engine.connect() as connection:
        return {
            table.name: _as_text(dict(row._mapping) for row in connection.execute(select(table)))
            for table in tables
        }


def _as_text(rows: Iterable[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(row, default=str, sort_keys=True) for row in rows)


class UpgradeContract:
    """Subclass with a fixture `ledger_url` that names an empty database."""

    @pytest.fixture(scope="class")
    @classmethod
    def department(cls, tmp_path_factory: pytest.TempPathFactory) -> Department:
        return make_department(tmp_path_factory.mktemp("department"))

    @pytest.mark.parametrize("version", EARLIER)
    def test_ledger_of_an_earlier_version_keeps_everything_and_works_on(
        self, ledger_url: str, version: str, department: Department
    ) -> None:
        engine = create_engine(ledger_url)
        before = at_version(engine, version, department.rows)
        if "search_terms" in before:  # the upgrade enters what people said
            before["search_terms"] = _as_text(department.rows["search_terms"])
        tables = _tables_of(engine)

        site = Site(department.folder, ledger_url)  # upgrades it, as every role does

        assert contents(engine, tables) == before
        engine.dispose()
        works_on(site, department)
        with site.ledger.read() as tx:
            assert (tx.accounts.find("anna") == ANNA) is (version >= ACCESS_SINCE)
        site.close()


def works_on(site: Site, department: Department) -> None:
    """What was under way goes on, what had ended can be taken up, and everything is found."""
    with site.ledger.read() as tx:
        found = tx.search.find(StudyFilter(text="PHANTOM"), 50)
        (sent,) = [one.key for one in tx.deliveries.objects_of(department.delivered) if one.kind == "sr"]
    assert {department.delivered, department.reported, department.queued} <= set(found.study_instance_uids)
    assert site.store.exists(sent)

    site.deliver(department.reported)
    (request,) = messages(site.ledger, QUEUE)
    assert request["study_instance_uid"] == department.queued
    worker = Worker(site.ledger, site.store, {"us-mass": site.classifier}, INLINE_POOLS, max_frames=4)
    worker.handle(request)
    assert site.study(department.queued).state is StudyState.INFERRED

    with site.ledger.begin() as tx:
        retry_study(tx, department.failed, "tried again")
    site.classifier.seen = 0
    site.receive([department.late])
    site.analyse(department.delivered)
    assert site.classifier.seen == 1  # what was scored before the upgrade is not scored again
    site.deliver(department.delivered)
    study = site.study(department.delivered)
    assert (study.state, study.revision, study.instance_count) == (StudyState.DELIVERED, 2, 2)
