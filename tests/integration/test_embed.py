"""Badges in other systems' worklists, in a real browser: OHIF's study list and Orthanc Explorer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.make_urgent import make_urgent
from service.storage.store.memory import MemoryStore
from tests.fakes.datasets import part10, us_dataset
from tests.integration.room import served
from tests.servers.ohif import Ohif
from tests.servers.orthanc import Orthanc
from tests.unit.worklist import reading_room
from tests.unit.worklist.builders import Seed

pytestmark = pytest.mark.integration

EXPLORER = "/app/explorer.html"
Studies = tuple[Ledger, dict[str, Seed]]


@dataclass(frozen=True)
class Worklist:
    """A served worklist, and what is behind it."""

    url: str
    ledger: Ledger
    studies: dict[str, Seed]

    def put_into(self, page: Page, preset: str, server: str | None = None, **attributes: str) -> None:
        """The script tag, as the other system's page would have it: from here, or by a proxy at `server`."""
        page.evaluate(
            """([src, attributes]) => {
              const tag = document.createElement("script");
              Object.assign(tag, { src });
              Object.assign(tag.dataset, attributes);
              document.head.append(tag);
            }""",
            [f"{server or self.url}/embed/overlay.js", {"preset": preset, **attributes}],
        )


@contextmanager
def running(studies: Studies, *origins: str, **settings: Any) -> Iterator[Worklist]:
    """A worklist that pages of `origins` may ask."""
    with served(studies[0], MemoryStore(), embed_origins=origins, **settings) as url:
        yield Worklist(url, *studies)


@pytest.fixture
def studies(orthanc: Orthanc, tmp_path: Path) -> Iterator[Studies]:
    """Studies that the PACS and the service know, and one that only the PACS knows."""
    ledger, store = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite3"), MemoryStore()
    ledger.upgrade()
    seeds = reading_room.fill(ledger, store)
    names = {name: seeds[name] for name in ("two breasts", "failed", "receiving")}
    for name, seed in names.items():
        image = us_dataset(StudyInstanceUID=seed.uid, PatientName=name.replace(" ", ""), StudyDate="20260101")
        orthanc.rest_store(part10(image))
    orthanc.rest_store(
        part10(us_dataset(StudyInstanceUID="1.2.3", PatientName="stranger", StudyDate="20260101"))
    )
    yield ledger, names
    ledger.close()


ASKED_AGAIN_MS = 16_000
"""The script asks every fifteen seconds: the page's clock is put forward by this, so that no test waits."""


def open_at(page: Page, address: str) -> None:
    """Open another system's list, with a clock of ours, once it shows its studies."""
    page.clock.install()
    page.goto(address)
    page.get_by_text("stranger").wait_for()


def badge(page: Page, row: str) -> str:
    """The words of the badge in the row with this text, once there is one."""
    shown = page.locator(row).locator("[data-preread] .badge")
    expect(shown).to_be_visible()
    return " ".join(shown.inner_text().split())


def test_orthanc_explorer_shows_badges_while_the_service_answers(
    page: Page, orthanc: Orthanc, studies: Studies, tmp_path: Path
) -> None:
    open_at(page, f"{orthanc.http_url}{EXPLORER}#find-studies")
    with running(studies, orthanc.http_url) as worklist:
        worklist.put_into(page, "orthanc-explorer")

        assert badge(page, "li:has-text('twobreasts')") == "Urgent ▲ 87 % 4C RESEARCH"
        assert badge(page, "li:has-text('failed')") == "Not analysed: failed RESEARCH"
        assert badge(page, "li:has-text('receiving')") == "Not analysed yet RESEARCH"
        assert page.locator("li:has-text('stranger') [data-preread]").count() == 0
        page.locator("li:has-text('twobreasts') .badge").click()
        expect(page.locator("li:has-text('twobreasts') dialog")).to_contain_text("operating point")
        page.screenshot(path=tmp_path / "explorer.png")
        assert page.url.endswith("#find-studies")  # the row itself was not clicked
        with worklist.ledger.begin() as tx:
            make_urgent(tx, worklist.studies["receiving"].uid, "the radiologist on call")
        page.clock.fast_forward(ASKED_AGAIN_MS)
        expect(page.locator("li:has-text('receiving') .badge")).to_contain_text("Urgent", timeout=30_000)

    page.clock.fast_forward(ASKED_AGAIN_MS)
    expect(page.locator("[data-preread]")).to_have_count(0, timeout=30_000)


def test_ohif_shows_badges_in_its_list(
    page: Page, orthanc: Orthanc, ohif: Ohif, studies: Studies, tmp_path: Path
) -> None:
    open_at(page, f"{ohif.url}/")
    with running(studies, ohif.url) as worklist:
        worklist.put_into(page, "ohif")

        assert badge(page, "tr:has-text('twobreasts')") == "Urgent ▲ 87 % 4C RESEARCH"
        assert badge(page, "tr:has-text('failed')") == "Not analysed: failed RESEARCH"
        page.screenshot(path=tmp_path / "ohif.png")
        page.evaluate("document.documentElement.lang = 'zh-CN'")
        page.clock.fast_forward(ASKED_AGAIN_MS)
        expect(page.locator("tr:has-text('failed') .badge")).to_contain_text("未分析：失败", timeout=30_000)
        page.locator("tr:has-text('twobreasts') .badge").click()
        expect(page.locator("tr:has-text('twobreasts') dialog")).to_contain_text("工作点")
        page.screenshot(path=tmp_path / "ohif-zh.png")
        # The list is sorted anew: every badge stays with its study.
        page.get_by_text("Patient", exact=True).first.click()
        expect(page.locator("tr:has-text('twobreasts') .badge")).to_contain_text("87 %")
        expect(page.locator("tr:has-text('failed') .badge")).to_contain_text("失败")
        assert page.locator("tr:has-text('stranger') [data-preread]").count() == 0


def test_page_of_another_origin_gets_no_badge(page: Page, orthanc: Orthanc, studies: Studies) -> None:
    open_at(page, f"{orthanc.http_url}{EXPLORER}#find-studies")
    with running(studies, "https://pacs.hospital") as worklist:
        with page.expect_request_finished(lambda request: request.url.endswith("/overlay.js")):
            worklist.put_into(page, "orthanc-explorer")
        page.wait_for_timeout(2000)
        assert page.locator("[data-preread]").count() == 0
