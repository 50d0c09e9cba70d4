"""`make bench-growth`: the same work on a ledger of ten thousand, a million and ten million studies.

Writes build/results/growth.json. Times are compared within a round: what else happens, happens to all.
Ten million studies take 12 GB of disk and most of an hour.
"""

import argparse
import random
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from service.storage.ledger.ledger import Ledger
from tests.benchmarks.growth_fill import History, fill
from tests.benchmarks.growth_plans import noted
from tests.benchmarks.growth_questions import READING, WRITING, Question
from tests.benchmarks.harness.machine import OthersLoad, wait_until_idle
from tests.benchmarks.harness.results import RESULTS, Result, show, with_note, write_results
from tests.benchmarks.harness.rounds import Rounds, Side, interleaved
from tests.servers.postgres import Postgres
from tests.servers.process import temporary_folder

SIZES = {"SQLite": (10_000, 1_000_000), "PostgreSQL": (10_000, 1_000_000, 10_000_000)}
QUICK_SIZES = {"SQLite": (6_000, 12_000), "PostgreSQL": (6_000, 12_000)}
ROUNDS, QUICK_ROUNDS = 21, 1
TARGET = 2.0
"""Times as long in the longest history as in the shortest: a tree is two levels deeper, and cached less."""
TARGET_MS = 100.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, show and write."""
    asked = _parser().parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 160)
    rounds = QUICK_ROUNDS if asked.quick else ROUNDS
    results: list[Result] = []
    for database, sizes in (QUICK_SIZES if asked.quick else SIZES).items():
        with _ledgers(database, sizes) as ledgers:
            histories = []
            for size, ledger in ledgers.items():
                console.log(f"{database}: entering {size} studies")
                histories.append(fill(ledger, size, datetime.now(UTC)))
            if not asked.quick:
                wait_until_idle(console.log)
            results += measure(database, histories, rounds)
        write_results(asked.results / "growth.json", results)
    show(console, "The same work in a longer history", results)
    return 0


def measure(database: str, histories: Sequence[History], rounds: int) -> list[Result]:
    """For each question how long it takes in the longest history, and how many times as long as in others."""
    results = []
    for name, question in {**WRITING, **READING}.items():
        load = OthersLoad()
        sides = {_number(history): _side(question, history) for history in histories}
        found = _result(f"{database}: {name}", interleaved(sides, rounds), rounds)
        if name in READING and database == "PostgreSQL":
            found = with_note(found, _pages(question, histories))
        results += with_note(found, f"others took {load.share():.0%} of the processors")
    return results


def _side(question: Question, history: History) -> Side:
    """The same studies in every history, by their place in it."""
    dice = random.Random(1)
    return lambda: question(history, dice.random())


def _result(name: str, found: Rounds, rounds: int) -> list[Result]:
    first, *_, last = found.seconds
    median_ms = {size: 1000 * found.median_s(size) for size in found.seconds}
    ratio = found.ratio(last, first)
    p95_ms = 1000 * statistics.quantiles(found.seconds[last], n=20)[-1] if rounds > 1 else median_ms[last]
    medians = ", ".join(f"{ms:.2f} ms at {size}" for size, ms in median_ms.items())
    how = (
        f"{last} studies to {first}, median of {rounds} rounds ({ratio.smallest:.2f} to {ratio.largest:.2f})"
    )
    how += f"; {medians}; 95th percentile {p95_ms:.1f} ms"
    return [Result.at_most(name, ratio.median, "times as long", how, TARGET)]


def _pages(question: Question, histories: Sequence[History]) -> str:
    """Pages of the database that the plans have read: what no other load of the machine changes."""
    told = []
    for history in histories:
        with noted(history.ledger) as statements:
            question(history, 0.5)
        pages = sum(step.pages for step in statements.explained(history.ledger))
        told.append(f"{pages} at {_number(history)}")
    return f"pages read: {', '.join(told)}"


def _number(history: History) -> str:
    return f"{history.count:_}".replace("_", " ")


@contextmanager
def _ledgers(database: str, sizes: Sequence[int]) -> Iterator[Mapping[int, Ledger]]:
    with temporary_folder("bench-growth") as folder, ExitStack() as opened:
        urls = {size: f"sqlite:///{folder / str(size)}.sqlite3" for size in sizes}
        if database == "PostgreSQL":
            server = Postgres(folder)
            opened.callback(server.stop)
            server.start()
            for size in sizes:
                server.create_database(f"growth_{size}")
            urls = {size: server.url(f"growth_{size}") for size in sizes}
        ledgers = {size: opened.enter_context(closing(Ledger(url))) for size, url in urls.items()}
        for ledger in ledgers.values():
            ledger.upgrade()
        yield ledgers


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench-growth", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few studies, one round, no waiting")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the JSON file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
