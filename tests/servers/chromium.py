"""Chromium without a window: pages as pictures, as documents after their scripts ran, and to click in."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.servers.process import temporary_folder
from tests.servers.programs import require

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
"""As root, and without a word to anybody but the page's server."""
WEBGL_ON_THE_CPU = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
PATIENCE_MS = 60_000
"""How long a page may take to show what a test waits for."""


class Chromium:
    """A browser for pages of servers on this machine."""

    def __init__(self, folder: Path) -> None:
        self.path = require("chromium", "chromium")
        self._folder = folder

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
            [
                str(self.path),
                *FLAGS,
                "--disable-gpu",
                f"--user-data-dir={self._folder / 'profile'}",
                *arguments,
            ],
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


@contextmanager
def new_page(chromium: Chromium, size: tuple[int, int] = (1280, 1100)) -> Iterator[Page]:
    """A page of a new window, (width, height) in pixels, to click and to type in."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.path, args=[*FLAGS, *WEBGL_ON_THE_CPU], chromium_sandbox=False
        )
        page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        page.set_default_timeout(PATIENCE_MS)
        yield page
        browser.close()


@pytest.fixture
def page(chromium: Chromium) -> Iterator[Page]:
    """A page of a new window, 1280 by 1100 pixels."""
    with new_page(chromium) as page:
        yield page
