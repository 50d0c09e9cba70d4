"""The worklist in a real browser: what a radiologist sees, and that it moves on by itself."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page

from service.config import Settings, WorklistSettings
from service.errors import LedgerUnavailable
from service.storage.ledger import Ledger
from service.storage.memory import MemoryStore
from service.storage.retry_study import retry_study
from service.study.model import Priority
from service.study.state import StudyState
from service.worklist import pages
from service.worklist.app import create_app
from service.worklist.entries import WorklistPage
from service.worklist.reading import read_page
from service.worklist.serve import serve
from tests.servers.chromium import Chromium
from tests.servers.process import HOST, free_port, listens
from tests.unit.pipeline import study_of
from tests.unit.worklist import reading_room
from tests.unit.worklist.builders import Seed

pytestmark = pytest.mark.integration

PAST_TWO_REFRESHES_MS = 12_000
ABOVE = (0xF0AD4E, 0x9A5B00)
"""The colour of a score above the operating point, in the dark and in the light."""


@dataclass(frozen=True)
class Room:
    """A served worklist and what is behind it."""

    url: str
    ledger: Ledger
    store: MemoryStore
    studies: dict[str, Seed]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    ledger, store, stop = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite3"), MemoryStore(), threading.Event()
    ledger.upgrade()
    studies = reading_room.fill(ledger, store)
    port = free_port()
    server = threading.Thread(
        target=serve, args=(create_app(ledger, store, Settings()), WorklistSettings(port=port), stop)
    )
    server.start()
    while server.is_alive() and not listens(port):
        time.sleep(0.05)
    yield Room(f"http://{HOST}:{port}", ledger, store, studies)
    stop.set()
    server.join()
    ledger.close()


def colours(chromium: Chromium, url: str, path: Path, size: tuple[int, int]) -> NDArray[np.uint32]:
    """Every pixel of the page as 0xRRGGBB."""
    chromium.screenshot(url, path, size, wait_ms=2000)
    with Image.open(path) as picture:
        red, green, blue = (np.asarray(band, np.uint32) for band in picture.convert("RGB").split())
    return np.asarray(red << 16 | green << 8 | blue, np.uint32).ravel()


def on_second_reading(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let `act` happen when the page's script asks for the list, after the page itself was loaded."""
    asked = count(1)

    def read_page_later(*arguments: Any, **named: Any) -> WorklistPage:
        if next(asked) > 1:
            act()
        return read_page(*arguments, **named)

    monkeypatch.setattr(pages, "read_page", read_page_later)


@pytest.mark.parametrize("size", [(1280, 1300), (2560, 1440), (500, 2600)])
def test_list_is_drawn_at_every_width(
    chromium: Chromium, room: Room, tmp_path: Path, size: tuple[int, int]
) -> None:
    shown = colours(chromium, room.url, tmp_path / "list.png", size)

    assert len(shown) == size[0] * size[1]
    assert np.isin(ABOVE, shown).any()
    assert len(np.unique(shown)) > 500


def test_style_and_script_pass_the_content_security_policy(chromium: Chromium, room: Room) -> None:
    document = chromium.document(room.url, wait_ms=2000)

    assert "Live · " in document
    assert document.count('role="row"') == 1 + len(room.studies)


def test_study_that_arrives_is_shown_without_a_reload(
    chromium: Chromium, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Seed(room.ledger, room.store, 77)
    on_second_reading(monkeypatch, lambda: late.late_image(1))

    document = chromium.document(room.url, wait_ms=PAST_TWO_REFRESHES_MS)

    assert f'data-study="{late.uid}"' in document
    assert "10 studies" in document
    assert document.count("data-fingerprint") == 10


def test_list_that_cannot_be_refreshed_says_so(
    chromium: Chromium, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise LedgerUnavailable("the ledger's database does not answer")

    on_second_reading(monkeypatch, away)

    document = chromium.document(room.url, wait_ms=PAST_TWO_REFRESHES_MS)

    assert "Not live" in document
    assert "has not been refreshed since" in document
    assert document.count("data-fingerprint") == len(room.studies)


def test_reading_order_of_cells_is_that_of_the_header(chromium: Chromium, room: Room) -> None:
    document = chromium.document(room.url, wait_ms=2000)

    heads = re.findall(r'role="columnheader">([^<]+)<', document)
    (positive,) = re.findall(
        rf'data-study="{re.escape(room.studies["two breasts"].uid)}".*?</tbody>', document, re.S
    )
    assert re.findall(r'data-label="([^"]+)"', positive) == [
        head.replace("Probability of malignancy", "Probability") for head in heads
    ]


def test_study_page_draws_its_heatmaps(chromium: Chromium, room: Room, tmp_path: Path) -> None:
    url = f"{room.url}/studies/{room.studies['cine'].uid}"

    shown = colours(chromium, url, tmp_path / "study.png", (1280, 1500))

    greys = np.unique(shown[(shown >> 16 == shown >> 8 & 0xFF) & (shown >> 16 == shown & 0xFF)])
    assert len(greys) > 200  # speckle
    assert len(np.unique(shown)) > 2000


@contextmanager
def another_page() -> Iterator[str]:
    """A page of another server, which the radiologist has open, too."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>another page</title>")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer((HOST, 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_study_is_made_urgent_by_a_click(page: Page, room: Room, tmp_path: Path) -> None:
    study = room.studies["receiving"]
    page.goto(f"{room.url}/studies/{study.uid}")
    page.screenshot(path=tmp_path / "before.png")

    page.get_by_role("button", name="Make urgent").click()
    page.get_by_text("made urgent by somebody on the worklist page").first.wait_for()

    page.screenshot(path=tmp_path / "after.png")
    assert study_of(room.ledger, study.uid).priority is Priority.URGENT
    assert "Make urgent" not in page.inner_text("body")


def test_failed_study_is_tried_again_by_a_click(page: Page, room: Room, tmp_path: Path) -> None:
    study = room.studies["failed"]
    reading_room.give_up(study, "no worker has this classifier")
    page.goto(f"{room.url}/studies/{study.uid}")
    assert "Analysis by us-mass" in page.inner_text("body")
    page.screenshot(path=tmp_path / "failed.png")

    page.get_by_role("button", name="Try again").click()
    page.get_by_text("tried again by somebody on the worklist page").first.wait_for()

    assert study_of(room.ledger, study.uid).state is StudyState.ASSEMBLED


def test_click_that_comes_too_late_is_answered_with_the_reason(
    page: Page, room: Room, tmp_path: Path
) -> None:
    study = room.studies["failed"]
    page.goto(f"{room.url}/studies/{study.uid}")
    with room.ledger.begin() as tx:
        retry_study(tx, study.uid, "tried again by an operator")

    page.get_by_role("button", name="Try again").click()
    page.get_by_text("the study is still at work").first.wait_for()

    page.screenshot(path=tmp_path / "refused.png")


def test_result_is_rejected_and_then_modified_on_its_page(page: Page, room: Room, tmp_path: Path) -> None:
    study = room.studies["two breasts"]
    page.goto(f"{room.url}/studies/{study.uid}")
    page.get_by_label("Your name or initials").fill("AB")

    page.get_by_role("button", name="Reject").click()
    page.get_by_text("say in the comment why the result is rejected").wait_for()
    page.screenshot(path=tmp_path / "refused.png")
    page.get_by_label("Comment").fill("artefact")
    page.get_by_role("button", name="Reject").click()
    page.locator(".assessment", has_text="Rejected by AB").wait_for()

    assert page.get_by_label("Your name or initials").input_value() == "AB"  # it is remembered
    page.get_by_label("Your category").select_option("3")
    page.get_by_role("button", name="Modify").click()
    page.locator(".assessment", has_text="Modified to category 3 by AB").wait_for()
    page.screenshot(path=tmp_path / "modified.png")
    with room.ledger.read() as tx:
        verdicts = [one.verdict for one in tx.assessments.of_studies([study.uid])]
    assert verdicts == ["rejected", "modified"]


def test_another_page_cannot_act(page: Page, room: Room) -> None:
    study = room.studies["failed"]
    path = f"{room.url}/api/v1/studies/{study.uid}/retry"
    before = study_of(room.ledger, study.uid)
    with another_page() as url:
        page.goto(url)
        for options in ("mode: 'no-cors'", "headers: {'X-Preread-Action': '1'}"):
            asked = f"fetch('{path}', {{method: 'POST', {options}}})"
            answer = page.evaluate(f"{asked}.then(() => 'answered', () => 'kept from it')")
            assert answer == "kept from it"
        page.evaluate(
            f"const form = document.createElement('form'); form.method = 'POST'; form.action = '{path}'; "
            "document.body.append(form); form.submit()"
        )
        page.get_by_text("refused").first.wait_for()
    assert study_of(room.ledger, study.uid) == before
