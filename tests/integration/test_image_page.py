"""The page of one image in a real browser: heat, outline, window, zoom, frames, by mouse and keyboard."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from tests.integration.room import served
from tests.integration.test_accessibility import RULES
from tests.unit.worklist.builders import Seed, ring, speckle
from tests.unit.worklist.pixels import keep_heat, keep_image

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def cine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Seed]]:
    """Address of a worklist, and a study in it with five frames, of which the third is scored."""
    ledger = Ledger(f"sqlite:///{tmp_path_factory.mktemp('image')}/ledger.sqlite3")
    ledger.upgrade()
    seed = Seed(ledger, MemoryStore(), 1).receive(images=1)
    keep_image(seed, 1, frames=5)
    seed.delivered(keep_heat(seed, seed.score(1, 0.873, "L", frame=3)))
    with served(ledger, seed.store) as url:
        yield url, seed
    ledger.close()


@pytest.fixture
def viewer(page: Page, cine: tuple[str, Seed]) -> Page:
    url, seed = cine
    page.goto(f"{url}/studies/{seed.uid}")
    page.get_by_role("link", name="look closely").click()
    expect(page.locator("#viewer")).to_have_attribute("data-painted", "3 with heat")
    return page


def pixel(page: Page, column: float, row: float, canvas: str = "overlay") -> list[int]:
    """What is painted there: red, green, blue."""
    script = "([id, x, y]) => [...document.getElementById(id).getContext('2d').getImageData(x, y, 1, 1).data]"
    found: list[int] = page.evaluate(script, [canvas, round(column), round(row)])
    return found[:3]


def spread(colour: list[int]) -> int:
    """0 for gray."""
    return max(colour) - min(colour)


def middle() -> tuple[float, float]:
    """Of the lesion."""
    points = ring(1)
    return sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)


def test_heat_is_over_the_image_as_strong_as_is_wished(viewer: Page) -> None:
    column, row = middle()
    assert spread(pixel(viewer, column, row)) > 60
    viewer.locator("#opacity").fill("0")
    gray = int(speckle(1)[round(row), round(column), 0]) // 3
    expect_gray = pixel(viewer, column, row)
    assert spread(expect_gray) == 0
    assert abs(expect_gray[0] - gray) <= 1
    viewer.locator("#overlay").focus()
    viewer.keyboard.press("h")
    assert spread(pixel(viewer, column, row)) > 60


def test_the_image_alone_is_beside_it(viewer: Page) -> None:
    expect(viewer.locator("#plain")).to_be_hidden()
    viewer.get_by_label("Side by side").check()
    expect(viewer.locator("#plain")).to_be_visible()
    assert spread(pixel(viewer, *middle(), canvas="plain")) == 0
    plain, overlay = (viewer.locator(one).bounding_box() for one in ("#plain", "#overlay"))
    assert plain is not None
    assert overlay is not None
    assert (plain["y"], plain["width"]) == (overlay["y"], overlay["width"])
    assert plain["x"] + plain["width"] <= overlay["x"]


def test_the_outline_is_switched_on_and_off(viewer: Page) -> None:
    viewer.locator("#opacity").fill("0")
    column, row = ring(1)[12]
    with_outline = pixel(viewer, column, row)[0]
    viewer.locator("#overlay").focus()
    viewer.keyboard.press("o")
    assert pixel(viewer, column, row)[0] < with_outline - 80


def test_window_level_and_zoom_change_what_is_seen_and_are_reset(viewer: Page) -> None:
    viewer.locator("#opacity").fill("0")
    viewer.get_by_label("Outline").uncheck()
    before = [pixel(viewer, column, 60) for column in range(100, 500, 25)]
    for control, value in (("#level", "20"), ("#width", "40"), ("#zoom", "300")):
        viewer.locator(control).fill(value)
        assert [pixel(viewer, column, 60) for column in range(100, 500, 25)] != before
        viewer.get_by_role("button", name="Reset").click()
        viewer.locator("#opacity").fill("0")
        assert [pixel(viewer, column, 60) for column in range(100, 500, 25)] == before


def test_a_cine_is_stepped_through_and_played(viewer: Page) -> None:
    expect(viewer.locator("#number")).to_have_text("3")
    viewer.locator("#overlay").focus()
    viewer.keyboard.press("ArrowRight")
    expect(viewer.locator("#viewer")).to_have_attribute("data-painted", "4")
    assert spread(pixel(viewer, *middle())) == 0
    viewer.get_by_role("button", name="Frame 3").click()
    expect(viewer.locator("#viewer")).to_have_attribute("data-painted", "3 with heat")
    viewer.get_by_role("button", name="Play").click()
    for number in ("5", "2", "4"):
        expect(viewer.locator("#number")).to_have_text(number)
    viewer.get_by_role("button", name="Pause").click()


def test_a_picture_that_does_not_come_is_said(viewer: Page) -> None:
    viewer.route(
        "**/*.png?frame=4", lambda route: route.fulfill(status=422, json={"detail": "it is cut off"})
    )
    viewer.locator("#overlay").focus()
    viewer.keyboard.press("ArrowRight")
    expect(viewer.get_by_role("alert")).to_have_text("it is cut off")


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_axe_finds_nothing(viewer: Page, scheme: Any) -> None:
    viewer.emulate_media(color_scheme=scheme)
    found = Axe().run(viewer, options=RULES).response["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []
