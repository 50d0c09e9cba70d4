"""WCAG 2.2 AA, as far as a program can tell, on every kind of page, in the dark and in the light."""

from collections.abc import Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.integration.room import Room, served_room

pytestmark = pytest.mark.integration

RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
}
PAGES = {
    "the list": "/",
    "a list of nobody": "/?q=nobody",
    "a wrong address": "/?state=lost",
    "operations": "/operations",
    "a study that is not there": "/studies/1.2.3",
    "a positive study": "/studies/{two breasts}",
    "a cine": "/studies/{cine}",
    "a failed study": "/studies/{failed}",
    "a study that is being received": "/studies/{receiving}",
}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with served_room(tmp_path_factory.mktemp("room")) as room:
        yield room


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(page: Page, room: Room, name: str, scheme: Literal["dark", "light"]) -> None:
    path = PAGES[name]
    for study, seed in room.studies.items():
        path = path.replace(f"{{{study}}}", seed.uid)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(f"{room.url}{path}")
    page.wait_for_load_state()
    found = Axe().run(page, options=RULES).response["violations"]
    assert [
        (one["id"], one["help"], [node["html"][:200] for node in one["nodes"]][:3]) for one in found
    ] == []


def test_axe_would_find_something(page: Page, room: Room) -> None:
    page.goto(f"{room.url}/")
    page.evaluate("document.getElementById('content').append(document.createElement('img'))")
    found = Axe().run(page, options=RULES).response["violations"]
    assert [one["id"] for one in found] == ["image-alt"]
