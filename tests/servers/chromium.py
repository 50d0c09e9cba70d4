"""Chromium without a window: pages as pictures, as documents after their scripts ran, and to click in."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

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
    """A running browser for pages of servers on this machine."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    @contextmanager
    def page(self, size: tuple[int, int] = (1280, 1100)) -> Iterator[Page]:
        """A page of a new profile, (width, height) in pixels, to look at, to click and to type in."""
        context = self._browser.new_context(viewport={"width": size[0], "height": size[1]})
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        try:
            yield page
        finally:
            context.close()


@contextmanager
def running_chromium() -> Iterator[Chromium]:
    """A browser while this lasts. Nothing else may use asyncio on this thread meanwhile."""
    path = require("chromium", "chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=[*FLAGS, *WEBGL_ON_THE_CPU], chromium_sandbox=False
        )
        yield Chromium(browser)
        browser.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """A browser for a module's tests."""
    with running_chromium() as chromium:
        yield chromium


@pytest.fixture
def page(chromium: Chromium) -> Iterator[Page]:
    """A page of a new profile, 1280 by 1100 pixels."""
    with chromium.page() as page:
        yield page
