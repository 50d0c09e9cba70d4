"""What a longer history costs: by the databases' own plans, not by a clock."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.questions import figures, operations, result_objects, search
from service.storage.ledger.tables import leases
from tests.benchmarks.growth import main
from tests.benchmarks.growth_fill import History, fill
from tests.benchmarks.growth_plans import Step, noted
from tests.benchmarks.growth_questions import READING
from tests.benchmarks.growth_tables import TABLES
from tests.benchmarks.harness.results import read_results
from tests.servers.postgres import Postgres, empty_database

pytestmark = pytest.mark.integration

SHORT, LONG = 6_000, 24_000
GROWS = {rows.table for rows in TABLES} - {"commitments"}
"""Of those that are looked for ends, this one has a few rows here: PostgreSQL reads them at once."""
ONCE_MORE = 1.3
"""A longer history is a deeper tree, and its statistics are others."""
A_FEW = 300
"""Rows, or hundreds of instructions: what is few here may be looked through by another way."""

ONLY_WHERE_IT_MUST = "?options=-c%20enable_seqscan%3Doff"
"""A table of a few megabytes is read from end to end rather than by its index. With this, PostgreSQL does so
only where there is no index for what is asked.
"""

Histories = Mapping[int, History]


@pytest.fixture(scope="module")
def on_postgres(postgres_server: Postgres) -> Iterator[Histories]:
    with empty_database(postgres_server) as short, empty_database(postgres_server) as long:
        yield from _filled({SHORT: f"{short}{ONLY_WHERE_IT_MUST}", LONG: f"{long}{ONLY_WHERE_IT_MUST}"})


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Histories]:
    folder = tmp_path_factory.mktemp("growth")
    yield from _filled({size: f"sqlite:///{folder / str(size)}.sqlite3" for size in (SHORT, LONG)})


def _filled(urls: Mapping[int, str]) -> Iterator[Histories]:
    histories = {}
    for size, url in urls.items():
        ledger = Ledger(url)
        ledger.upgrade()
        histories[size] = fill(ledger, size, datetime.now(UTC), newest_full=400)
    yield histories
    for history in histories.values():
        history.ledger.close()


@pytest.fixture(autouse=True)
def _few_are_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever ends at some number ends before the shorter history does."""
    for module, name, number in (
        (search, "LOOKED_THROUGH", 300),
        (result_objects, "LOOKED_THROUGH", 300),
        (search, "RARE", 50),
        (search, "COUNTED", 100),
        (figures, "COUNTED", 100),
        (leases, "COUNTED", 10),
        (operations, "MOST_ROWS", 200),
    ):
        monkeypatch.setattr(module, name, number)


@pytest.mark.parametrize("name", READING)
def test_no_question_costs_more_in_a_longer_history_on_postgres(name: str, on_postgres: Histories) -> None:
    _costs_the_same(name, on_postgres)


@pytest.mark.parametrize("name", READING)
def test_no_question_costs_more_in_a_longer_history_on_sqlite(name: str, on_sqlite: Histories) -> None:
    _costs_the_same(name, on_sqlite)


def _costs_the_same(name: str, histories: Histories) -> None:
    short, long = (_plans(name, histories[size]) for size in (SHORT, LONG))
    assert not [step for step in long if step.scanned in GROWS]
    work, more_work = (sum(step.work for step in steps) for steps in (short, long))
    assert more_work <= ONCE_MORE * work + A_FEW, [step for step in long if step.work > A_FEW]


def _plans(name: str, history: History) -> list[Step]:
    with noted(history.ledger) as statements:
        READING[name](history, 0.5)
    return statements.explained(history.ledger)


def test_a_plan_that_reads_everything_is_seen(on_postgres: Histories, on_sqlite: Histories) -> None:
    for history in (on_postgres[LONG], on_sqlite[LONG]):
        with noted(history.ledger) as statements, history.ledger.read() as tx:
            tx.connection.execute(text("SELECT count(*) FROM history WHERE reason LIKE '%is'"))
        steps = statements.explained(history.ledger)
        assert "history" in {step.scanned for step in steps}
        assert sum(step.work for step in steps) > A_FEW


def test_quick_benchmark_has_a_result_for_everything(tmp_path: Path) -> None:
    assert main(["--quick", "--results", str(tmp_path)]) == 0
    found = {one.measure for one in read_results(tmp_path / "growth.json")}
    assert {f"{database}: {name}" for database in ("SQLite", "PostgreSQL") for name in READING} <= found
