"""Chromium without a window: what a page shows, as a picture or as the document after its scripts ran."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.process import temporary_folder
from tests.servers.programs import require

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
"""As root, without a graphics card, and without a word to anybody but the page's server."""


class Chromium:
    """A browser for pages of servers on this machine."""

    def __init__(self, folder: Path) -> None:
        self.path = require("chromium", "chromium")
        self._folder = folder

    @property
    def flags(self) -> list[str]:
        """The flags to start it with, for a test that drives it through chromedriver."""
        return [*FLAGS, f"--user-data-dir={self._folder / 'profile'}"]

    @property
    def driver_path(self) -> Path:
        """Where chromedriver is."""
        return require("chromedriver", "chromium-driver")

    def screenshot(self, url: str, path: Path, size: tuple[int, int] = (1280, 800), wait_ms: int = 0) -> None:
        """Write a PNG of the page to `path`; `size` is (width, height), `wait_ms` is for its scripts."""
        self._run(f"--screenshot={path}", f"--window-size={size[0]},{size[1]}", *_waiting(wait_ms), url)
        if not path.exists():
            raise RuntimeError(f"Chromium wrote no screenshot of {url}")

    def document(self, url: str, wait_ms: int = 0) -> str:
        """The page's HTML after its scripts have run."""
        return self._run("--dump-dom", *_waiting(wait_ms), url)

    def _run(self, *arguments: str) -> str:
        finished = subprocess.run(
            [str(self.path), *self.flags, *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        return finished.stdout


def _waiting(wait_ms: int) -> list[str]:
    return [f"--virtual-time-budget={wait_ms}"] if wait_ms else []


@pytest.fixture
def chromium() -> Iterator[Chromium]:
    """A browser with a new profile."""
    with temporary_folder("chromium") as folder:
        yield Chromium(folder)
