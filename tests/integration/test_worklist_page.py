"""The worklist in a real browser: what a radiologist sees, and that it moves on by itself."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from service.errors import LedgerUnavailable
from service.storage.ledger.steps.make_urgent import make_urgent
from service.storage.ledger.steps.retry_study import retry_study
from service.study.model import Priority
from service.study.state import StudyState
from service.worklist import pages
from service.worklist.entries import WorklistPage
from tests.integration.room import Room, served_room
from tests.servers.chromium import Chromium
from tests.servers.process import HOST
from tests.unit.pipeline import study_of
from tests.unit.worklist import reading_room
from tests.unit.worklist.builders import Seed

pytestmark = pytest.mark.integration

ABOVE = (0xF0AD4E, 0x9A5B00)
"""The colour of a score above the operating point, in the dark and in the light."""


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with served_room(tmp_path) as room:
        yield room


def colours(page: Page, path: Path) -> NDArray[np.uint32]:
    """Every pixel of the page as 0xRRGGBB."""
    page.screenshot(path=path)
    with Image.open(path) as picture:
        red, green, blue = (np.asarray(band, np.uint32) for band in picture.convert("RGB").split())
    return np.asarray(red << 16 | green << 8 | blue, np.uint32).ravel()


def row(page: Page, study: Seed) -> Locator:
    """The study in the list."""
    return page.locator(f'[data-study="{study.uid}"]')


def shown(page: Page) -> list[str]:
    """The studies in the list, from above."""
    found: list[str] = page.locator("[data-study]").evaluate_all("all => all.map(one => one.dataset.study)")
    return found


def listening(page: Page, room: Room, path: str = "/") -> None:
    """Open the list and wait until it is told of changes."""
    with page.expect_response(lambda response: response.url.endswith("/api/v1/events")):
        page.goto(f"{room.url}{path}")
    page.get_by_text("Live · ").wait_for()
    page.wait_for_timeout(1500)  # the first look at the ledger is behind it


@pytest.mark.parametrize("size", [(1280, 1300), (2560, 1440), (500, 2600)])
def test_list_is_drawn_at_every_width(
    chromium: Chromium, room: Room, tmp_path: Path, size: tuple[int, int]
) -> None:
    with chromium.page(size) as page:
        page.goto(room.url, wait_until="load")
        drawn = colours(page, tmp_path / "list.png")
        is_wider = page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )

    assert len(drawn) == size[0] * size[1]
    assert np.isin(ABOVE, drawn).any()
    assert len(np.unique(drawn)) > 500
    assert not is_wider


def test_style_and_script_pass_the_content_security_policy(page: Page, room: Room) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(room.url)
    page.get_by_text("Live · ").wait_for()
    assert complaints == []
    assert page.get_by_role("row").count() == 1 + len(room.studies)


def test_study_that_arrives_is_shown_at_once_and_on_top(page: Page, room: Room) -> None:
    listening(page, room)
    late = Seed(room.ledger, room.store, 77)
    late.late_image(1)

    row(page, late).wait_for(timeout=5000)

    assert shown(page) == [late.uid, *(seed.uid for seed in reversed(room.studies.values()))]


def test_change_of_a_study_is_shown_at_once_where_the_study_stands(page: Page, room: Room) -> None:
    study = room.studies["receiving"]
    listening(page, room)
    before = shown(page)
    row(page, study).get_by_role("link").first.focus()
    with room.ledger.begin() as tx:
        make_urgent(tx, study.uid, "the radiologist on call")

    row(page, study).get_by_text("Urgent").wait_for(timeout=5000)

    assert shown(page) == before
    assert page.evaluate("document.activeElement.closest('[data-study]').dataset.study") == study.uid


def test_study_that_is_no_longer_like_what_is_asked_for_leaves_the_list(page: Page, room: Room) -> None:
    study = room.studies["failed"]
    listening(page, room, "/?state=failed")
    assert study.uid in shown(page)
    with room.ledger.begin() as tx:
        retry_study(tx, study.uid, "tried again by an operator")

    row(page, study).wait_for(state="detached", timeout=10_000)


def test_patient_is_searched_for_by_keyboard(page: Page, room: Room) -> None:
    page.goto(room.url)
    page.keyboard.press("/")
    page.keyboard.type("novak")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=novak*")
    assert "Novák" in page.locator("#rows .patient").inner_text()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/studies/*")


def test_what_needs_a_person_is_one_choice_away(page: Page, room: Room) -> None:
    page.goto(room.url)
    page.get_by_role("combobox", name="Status").select_option("Needs a person")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**state=attention**")
    states = {page.locator(f'[data-study="{uid}"] .status .chip').inner_text() for uid in shown(page)}
    assert states == {"Failed", "Not analysed"}


def test_list_that_cannot_be_refreshed_says_so(
    page: Page, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    listening(page, room)

    def away(*_: Any, **__: Any) -> WorklistPage:
        raise LedgerUnavailable("the ledger's database does not answer")

    monkeypatch.setattr(pages, "read_page", away)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    page.get_by_text("has not been refreshed since").wait_for()
    assert page.get_by_text("Not live").count() == 1
    assert len(shown(page)) == len(room.studies)


def test_reading_order_of_cells_is_that_of_the_header(page: Page, room: Room) -> None:
    page.goto(room.url)

    heads = page.get_by_role("columnheader").all_inner_texts()
    cells = row(page, room.studies["two breasts"]).locator("[data-label]")
    assert cells.evaluate_all("all => all.map(one => one.dataset.label)") == [
        head.replace("Probability of malignancy", "Probability") for head in heads
    ]


def test_study_page_draws_its_heatmaps(page: Page, room: Room, tmp_path: Path) -> None:
    page.goto(f"{room.url}/studies/{room.studies['cine'].uid}", wait_until="networkidle")

    drawn = colours(page, tmp_path / "study.png")

    greys = np.unique(drawn[(drawn >> 16 == drawn >> 8 & 0xFF) & (drawn >> 16 == drawn & 0xFF)])
    assert len(greys) > 200  # speckle
    assert len(np.unique(drawn)) > 2000


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


def test_study_that_changes_while_it_is_read_says_so(page: Page, room: Room) -> None:
    study = room.studies["receiving"]
    with page.expect_response(lambda response: response.url.endswith("/api/v1/events")):
        page.goto(f"{room.url}/studies/{study.uid}")
    page.wait_for_timeout(1500)
    assert page.get_by_text("has changed since").is_hidden()
    with room.ledger.begin() as tx:
        make_urgent(tx, study.uid, "the radiologist on call")
    page.get_by_text("has changed since").wait_for(timeout=5000)
    page.get_by_role("link", name="Show it as it is now").click()
    page.locator(".headline").get_by_text("Urgent").wait_for()


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

    expect(page.get_by_label("Your name or initials")).to_have_value("AB")  # it is remembered
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
