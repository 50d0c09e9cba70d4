"""`make bench-worklist`: the list among a million studies, in SQLite and PostgreSQL.

Writes build/results/worklist.json.
"""

import gc
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from rich.console import Console

from service.config import Settings
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from service.study.search import Cursor
from service.worklist.app import create_app
from tests.benchmarks.harness.asked import benchmark_parser
from tests.benchmarks.harness.machine import wait_until_idle
from tests.benchmarks.harness.results import Result, show, write_results
from tests.benchmarks.many_studies import fill
from tests.servers.postgres import Postgres, empty_database
from tests.servers.process import temporary_folder
from tests.unit.worklist.clients import from_here

STUDIES, QUICK_STUDIES = 1_000_000, 3_000
ROUNDS, QUICK_ROUNDS = 40, 2
DATABASES = ("SQLite", "PostgreSQL")
TARGET_MS = 100.0
QUESTIONS = {
    "first page": "",
    "a patient's whole name": "q=chenmarli+jan",
    "the beginning of a name, one letter": "q=m",
    "the beginning of two names": "q=ch+ma",
    "an accession number": "q=A00000777",
    "nobody": "q=nobody",
    "failed": "state=failed",
    "needs a person": "state=attention",
    "parked mammography": "state=parked&modality=MG",
    "category 5": "category=5",
    "ultrasound of category 4C on the left": "modality=US&category=4C&side=L",
    "a name that is frequent in a state that is rare": "q=b&state=failed",
    "received on one day": "received_from=2025-06-01&received_until=2025-06-01",
}
"""What is looked for, as the page's form asks for it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, show and write."""
    parser = benchmark_parser("bench-worklist", __doc__, "few studies, few rounds, no waiting")
    parser.add_argument("--database", choices=DATABASES, help="only this one; both without")
    asked = parser.parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 160)
    count, rounds = (QUICK_STUDIES, QUICK_ROUNDS) if asked.quick else (STUDIES, ROUNDS)
    results = []
    for database in [asked.database] if asked.database else DATABASES:
        with _ledger(database) as ledger:
            with console.status(f"{database}: entering {count} studies"):
                fill(ledger, count)
            if not asked.quick:
                wait_until_idle(console.log)
            results += _measure(ledger, database, count, rounds)
    write_results(asked.results / "worklist.json", results)
    show(console, f"The worklist among {count} studies", results)
    return 0


@contextmanager
def _ledger(database: str) -> Iterator[Ledger]:
    with temporary_folder("bench-worklist") as folder:
        if database == "SQLite":
            with closing(Ledger(f"sqlite:///{folder / 'ledger.sqlite3'}")) as ledger:
                ledger.upgrade()
                yield ledger
            return
        server = Postgres(folder)
        try:
            server.start()
            with empty_database(server) as url, closing(Ledger(url)) as ledger:
                ledger.upgrade()
                yield ledger
        finally:
            server.stop()


def _measure(ledger: Ledger, database: str, count: int, rounds: int) -> list[Result]:
    """Questions take turns, so that what else the machine does is shared by all."""
    client = from_here(create_app(ledger, MemoryStore(), Settings()))
    gc.freeze()  # as the role does
    questions = QUESTIONS | {"a page in the middle of all": f"before={_middle(ledger, count)}"}
    times_ms: dict[str, list[float]] = {name: [] for name in questions}
    for query in questions.values():  # what a first question compiles is not measured
        client.get(f"/?{query}").raise_for_status()
    for _ in range(rounds):
        for name, query in questions.items():
            began = time.perf_counter()
            client.get(f"/?{query}").raise_for_status()
            times_ms[name].append(1000 * (time.perf_counter() - began))
    return [_result(f"{database}: {name}", taken, count) for name, taken in times_ms.items()]


def _middle(ledger: Ledger, count: int) -> str:
    with ledger.read() as tx:
        (study,) = tx.studies.named([f"1.2.826.0.1.3680043.10.9.{count // 2}"])
    return str(Cursor(study.received_at, study.study_instance_uid)).replace("+", "%2B")


def _result(name: str, taken_ms: list[float], count: int) -> Result:
    worst = statistics.quantiles(taken_ms, n=20)[-1]
    median = statistics.median(taken_ms)
    how = f"{count} studies; page of 50 rendered; 95th percentile of {len(taken_ms)}, median {median:.0f}"
    return Result.at_most(name, worst, "ms", how, TARGET_MS)


if __name__ == "__main__":
    sys.exit(main())
