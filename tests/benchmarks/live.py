"""`make bench-live`: from a result in the ledger to every open page, and to the screen of one of them.

The service runs in a process of its own; two hundred pages listen to it, one of them in Chromium. Writes
build/results/live.json.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from playwright.async_api import async_playwright
from rich.console import Console

from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from tests.benchmarks.harness.asked import benchmark_parser
from tests.benchmarks.harness.machine import wait_until_idle
from tests.benchmarks.harness.results import Result, show, write_results
from tests.servers.chromium import FLAGS
from tests.servers.process import HOST, ServerProcess, free_port, temporary_folder
from tests.servers.programs import require
from tests.unit.worklist.builders import Seed

PAGES, QUICK_PAGES = 200, 5
ROUNDS, QUICK_ROUNDS = 20, 2
TARGET_S = 1.0
_PAUSE_S = 0.7
"""Between results, so that they are not told together."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, show and write."""
    asked = benchmark_parser("bench-live", __doc__, "few pages, few results, no waiting").parse_args(
        arguments
    )
    console = Console(width=None if sys.stdout.isatty() else 160)
    pages, rounds = (QUICK_PAGES, QUICK_ROUNDS) if asked.quick else (PAGES, ROUNDS)
    if not asked.quick:
        wait_until_idle(console.log)
    with temporary_folder("bench-live") as folder:
        results = _measure(folder, pages, rounds)
    write_results(asked.results / "live.json", results)
    show(console, f"{pages} open pages", results)
    return 0


def _measure(folder: Path, pages: int, rounds: int) -> list[Result]:
    port = free_port()
    (folder / "preread.toml").write_text(f'data_folder = "{folder}"\n[worklist]\nport = {port}\n')
    command = [sys.executable, "-m", "service.cli.main", "--config", str(folder / "preread.toml"), "worklist"]
    with closing(Ledger(f"sqlite:///{folder}/ledger.sqlite3")) as ledger:
        ledger.upgrade()
        server = ServerProcess(command, folder / "log", {"PYTHONPATH": str(Path.cwd())})
        try:
            server.wait_for_port(port)
            heard_s, seen_s = asyncio.run(_listen(ledger, f"http://{HOST}:{port}", pages, rounds))
        finally:
            server.stop()
    how = f"{pages} pages listen; {rounds} results entered one after the other; SQLite"
    return [
        Result.at_most("result to open pages, 95th percentile", _p95(heard_s), "s", how, TARGET_S),
        Result.at_most("result to open pages, longest", max(heard_s), "s", how, TARGET_S),
        Result.at_most(
            "result to the screen, 95th percentile",
            _p95(seen_s),
            "s",
            f"{how}; one of the pages in Chromium, until its row shows the score",
            TARGET_S,
        ),
    ]


async def _listen(ledger: Ledger, url: str, pages: int, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds from each result's commit to its event on each page, and to the row on the screen."""
    studies = [
        Seed(ledger, MemoryStore(), number).receive(images=1).queue() for number in range(1, rounds + 1)
    ]
    listeners = [_Page(url) for _ in range(pages)]
    tasks = [asyncio.create_task(one.listen()) for one in listeners]
    seen_s = []
    async with async_playwright() as playwright:
        path = require("chromium", "chromium")
        browser = await playwright.chromium.launch(
            executable_path=path, args=list(FLAGS), chromium_sandbox=False
        )
        page = await browser.new_page()
        await page.goto(url)
        while not all(one.is_connected for one in listeners):
            await asyncio.sleep(0.05)
        committed = {}
        for seed in studies:
            await asyncio.sleep(_PAUSE_S)
            await asyncio.to_thread(seed.analyse, seed.score(1, 0.873, "L"))
            committed[seed.uid] = time.monotonic()
            row = page.locator(f'[data-study="{seed.uid}"]').get_by_text("87.3")
            await row.first.wait_for()
            seen_s.append(time.monotonic() - committed[seed.uid])
        while any(len(one.heard) < rounds for one in listeners):
            await asyncio.sleep(0.05)
        await browser.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return [one.heard[uid] - at for one in listeners for uid, at in committed.items()], seen_s


class _Page:
    """Listens as a page does."""

    def __init__(self, url: str) -> None:
        self._host, self._port = url.removeprefix("http://").split(":")
        self.is_connected = False
        self.heard: dict[str, float] = {}
        """When each study's score was told first."""

    async def listen(self) -> None:
        """Until it is cancelled."""
        reader, writer = await asyncio.open_connection(self._host, int(self._port), limit=2**20)
        writer.write(f"GET /api/v1/events HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n\r\n".encode())
        with closing(writer):
            while line := await reader.readline():
                self.is_connected = self.is_connected or line.startswith(b"event: alive")
                if line.startswith(b"data: ") and b"87.3" in line:
                    uid = line.split(b'"study_instance_uid": "')[1].split(b'"')[0].decode()
                    self.heard.setdefault(uid, time.monotonic())


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


if __name__ == "__main__":
    sys.exit(main())
