"""Badges where people sign in to Preread, on both lists in a real browser: who sees them, who does not."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from service.access.roles import Permission, Role
from service.worklist.embed import SIGN_IN
from tests.integration.test_embed import (
    ASKED_AGAIN_MS,
    EXPLORER,
    Studies,
    Worklist,
    badge,
    open_at,
    running,
    studies,
)
from tests.servers.ohif import Ohif
from tests.servers.orthanc import Orthanc
from tests.unit.worklist.access.people import PASSWORD, account, token

pytestmark = pytest.mark.integration
__all__ = ["studies"]  # the fixture

SOON_MS = 30_000


@dataclass(frozen=True)
class List:
    """Another system's list: its preset, its server, and how it calls a row."""

    preset: str
    server: str
    path: str
    row: str

    def open(self, page: Page) -> None:
        open_at(page, f"{self.server}{self.path}")

    def of(self, study: str) -> str:
        """The row of a study, as a selector."""
        return f"{self.row}:has-text('{study}')"


@pytest.fixture(params=["ohif", "orthanc-explorer"])
def other(request: pytest.FixtureRequest, orthanc: Orthanc, ohif: Ohif) -> List:
    if request.param == "ohif":
        return List("ohif", ohif.url, "/", "tr")
    return List("orthanc-explorer", orthanc.http_url, f"{EXPLORER}#find-studies", "li")


@pytest.fixture
def worklist(studies: Studies, other: List) -> Iterator[Worklist]:
    with running(studies, other.server, sign_in="always") as worklist:
        yield worklist


def test_badges_come_when_she_signs_in_and_go_when_her_session_ends(
    page: Page, other: List, worklist: Worklist, tmp_path: Path
) -> None:
    account(worklist.ledger, "anna", Role.RADIOLOGIST)
    other.open(page)
    worklist.put_into(page, other.preset)
    note = page.locator("[data-preread-note] a")
    expect(note).to_have_text(SIGN_IN)
    page.screenshot(path=tmp_path / f"{other.preset}-signed-out.png")
    expect(page.locator("[data-preread]")).to_have_count(0)
    with page.context.expect_page() as opened:
        note.click()
    opened.value.get_by_label("Name").fill("anna")
    opened.value.get_by_label("Password").fill(PASSWORD)
    opened.value.get_by_role("button", name="Sign in").click()
    expect(opened.value.locator("form.person")).to_contain_text("Anna")
    page.bring_to_front()
    page.clock.fast_forward(ASKED_AGAIN_MS)
    expect(page.locator(other.of("failed")).locator(".badge")).to_be_visible(timeout=SOON_MS)
    assert "▲ 87 %" in badge(page, other.of("twobreasts"))
    expect(note).to_have_count(0)
    with worklist.ledger.begin() as tx:
        tx.accounts.end_sessions_of("anna")
    page.clock.fast_forward(ASKED_AGAIN_MS)
    expect(page.locator("[data-preread]")).to_have_count(0, timeout=SOON_MS)
    expect(note).to_have_text(SIGN_IN, timeout=SOON_MS)


def test_a_token_in_the_page_may_open_badges_only(page: Page, other: List, worklist: Worklist) -> None:
    wide = token(worklist.ledger, Permission.BADGES, Permission.STUDIES)
    other.open(page)
    with page.expect_console_message(lambda message: "only scope badges:read" in message.text):
        worklist.put_into(page, other.preset, token=wide["Authorization"].removeprefix("Bearer "))
    expect(page.locator("[data-preread]")).to_have_count(0)
    expect(page.locator("[data-preread-note]")).to_have_count(0)

    narrow = token(worklist.ledger, Permission.BADGES)
    other.open(page)
    page.reload()
    page.get_by_text("stranger").wait_for()
    worklist.put_into(page, other.preset, token=narrow["Authorization"].removeprefix("Bearer "))
    assert "▲ 87 %" in badge(page, other.of("twobreasts"))


def test_a_proxy_of_the_same_server_shows_a_token_that_no_page_sees(
    page: Page, other: List, worklist: Worklist
) -> None:
    shown = token(worklist.ledger, Permission.BADGES)

    def hand_on(route: Route) -> None:
        path = route.request.url.removeprefix(other.server)
        headers = {name: value for name, value in route.request.headers.items() if name != "host"} | shown
        route.fulfill(response=route.fetch(url=f"{worklist.url}{path}", headers=headers))

    page.route(f"{other.server}/embed/**", hand_on)
    other.open(page)
    worklist.put_into(page, other.preset, server=other.server, pages=worklist.url)
    assert "▲ 87 %" in badge(page, other.of("twobreasts"))
    page.locator(other.of("twobreasts")).locator(".badge").click()
    link = page.locator(other.of("twobreasts")).locator("dialog a")
    expect(link).to_have_attribute("href", f"{worklist.url}/studies/{worklist.studies['two breasts'].uid}")
