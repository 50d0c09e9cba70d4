import html
import re
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.config import ReportSettings, Settings
from service.errors import LedgerUnavailable
from service.storage.ledger.ledger import Ledger, Transaction
from service.storage.retention.images import ImageRetention
from service.storage.store.memory import MemoryStore
from service.study.result import Lesion
from service.study.state import AnalysisState
from service.worklist.app import STATIC, create_app
from service.worklist.rendering import TEMPLATES
from tests.unit.worklist import reading_room
from tests.unit.worklist.builders import DOPPLER, Seed
from tests.unit.worklist.clients import from_here

HOSTILE = '<script>alert(1)</script>^"><img src=x onerror=alert(2)>\u202e'


def row(client: TestClient, seed: Seed) -> str:
    """The study's part of the table, blanks collapsed."""
    page = re.sub(r"[ \n]+", " ", client.get("/rows").text)
    (found,) = re.findall(rf'<tbody[^>]*data-study="{re.escape(seed.uid)}".*?</tbody>', page)
    return str(found)


def test_positive_row_shows_score_operating_point_and_what_made_it(client: TestClient, seed: Seed) -> None:
    shown = row(client, reading_room.positive(seed))

    assert "Okafor, Grace N" in shown
    assert "A261181" in shown
    assert "87.3\u00a0%" in shown
    assert "At or above operating point 30.0\u00a0%" in shown
    assert re.search(r"<b>4C</b> <span class=\"muted\">suggested", shown)
    assert "Breast mass on ultrasound" in shown
    assert "version 1.0.0" in shown
    assert "Research use" in shown
    assert "accepted by C-STORE status" in shown
    assert "size=thumbnail" in shown


def test_operating_point_is_marked_on_the_bar(client: TestClient, seed: Seed) -> None:
    shown = row(client, reading_room.positive(seed))

    assert '<line class="point" x1="30.00"' in shown
    assert 'width="87.30"' in shown
    assert "87.3\u00a0% on a scale to 100 %, at or above the operating point 30.0\u00a0%" in shown


def test_images_without_a_score_are_told_beside_the_score(client: TestClient, seed: Seed) -> None:
    shown = row(client, reading_room.positive(seed))

    assert f"1 of 2 images not analysed: {DOPPLER}" in shown


def test_negative_row_is_below_the_operating_point(client: TestClient, seed: Seed) -> None:
    shown = row(client, reading_room.negative(seed))

    assert "Below operating point 30.0\u00a0%" in shown
    assert "At or above" not in shown


@pytest.mark.parametrize("scene", ["not_analysed", "failed", "queued", "receiving"])
def test_row_without_a_score_has_no_bar_no_number_and_a_reason(
    client: TestClient, seed: Seed, scene: str
) -> None:
    shown = row(client, getattr(reading_room, scene)(seed))

    assert "Not analysed" in shown
    assert 'class="bar' not in shown
    assert "operating point" not in shown
    assert re.search(r'<span class="reason">[^<]{10,}</span>', shown)


def test_early_score_says_that_the_study_is_still_being_received(client: TestClient, seed: Seed) -> None:
    shown = row(client, reading_room.early(seed))

    assert "At or above operating point" in shown
    assert "The study is still being received. Scored on earlier images (revision 1 of 2)" in shown


def test_failed_study_is_not_said_to_be_analysed_later(client: TestClient, seed: Seed) -> None:
    shown = row(client, reading_room.failed(seed))

    assert "Not analysed: failed" in shown
    assert "Not analysed yet" not in shown


def test_each_classifier_of_a_study_has_its_line(client: TestClient, seed: Seed) -> None:
    seed.receive().queue("us-mass", "us-second").analyse(seed.score(1, 0.4, "L"))
    with seed.ledger.begin() as tx:
        tx.analyses.finish(seed.uid, 1, "us-second", AnalysisState.FAILED, "failed: out of memory")

    shown = row(client, seed)

    assert shown.count("<tr") == 2
    assert 'rowspan="2"' in shown
    assert "failed: out of memory" in shown


def test_study_page_shows_every_image_refusal_state_and_proof(client: TestClient, seed: Seed) -> None:
    reading_room.two_breasts(seed)

    page = client.get(f"/studies/{seed.uid}").text

    assert page.count("<figure>") == 2
    assert DOPPLER in page
    assert "Structured Report" in page
    assert page.count("accepted by C-STORE status") == 3
    for label in ("Receiving", "Complete", "In the queue", "Analysed", "Sending results", "Delivered"):
        assert label in page


def test_study_page_says_what_was_found_in_an_image(client: TestClient, seed: Seed) -> None:
    seed.receive().queue()
    found = replace(seed.score(1, 0.9, "L"), finds_lesions=True, lesion=Lesion((), 12.4, 7.9))
    seed.analyse(found, replace(seed.score(2, 0.1, "R"), finds_lesions=True))

    page = client.get(f"/studies/{seed.uid}").text

    assert "Lesion outlined, 12 × 8 mm" in page
    assert "No lesion found: the score rests on the whole image" in page


@pytest.mark.parametrize("address", ["/", "/studies/{uid}"])
def test_names_cannot_become_markup(client: TestClient, seed: Seed, address: str) -> None:
    seed.receive(
        patient_name=HOSTILE, patient_id=HOSTILE, accession_number=HOSTILE, study_description=HOSTILE
    )

    page = client.get(address.format(uid=seed.uid)).text

    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_reasons_cannot_become_markup(client: TestClient, seed: Seed) -> None:
    reading_room.queued(seed)
    with seed.ledger.begin() as tx:
        tx.analyses.finish(seed.uid, 1, "us-mass", AnalysisState.FAILED, "<b onload=x>")

    assert "<b onload" not in client.get(f"/studies/{seed.uid}").text


def test_names_of_every_script_are_shown(client: TestClient, ledger: Ledger, store: MemoryStore) -> None:
    reading_room.fill(ledger, store)

    page = client.get("/").text

    for name in ("王 小东", "山田 太郎", "やまだ たろう", "Haddad, Leïla", "Novák, Jana"):
        assert name in page


@pytest.mark.parametrize("address", ["/", "/api/v1/studies", "/studies/1.2.3", "/nowhere", "/?limit=x"])
def test_every_answer_is_kept_to_this_window(client: TestClient, seed: Seed, address: str) -> None:
    reading_room.positive(seed)

    headers = client.get(address).headers

    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_pages_ask_nobody_else_and_hold_no_inline_script(
    client: TestClient, ledger: Ledger, store: MemoryStore
) -> None:
    studies = reading_room.fill(ledger, store)

    for page in (client.get("/").text, client.get(f"/studies/{studies['cine'].uid}").text):
        assert "http://" not in page
        assert "https://" not in page
        assert not re.search(r"<script(?![^>]* src=\"/static/)", page)
        assert not re.search(r"\s(style|on\w+)=", page)


def test_static_files_name_no_other_host() -> None:
    for file in (*STATIC.iterdir(), *TEMPLATES.iterdir()):
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "//" not in re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE), file


def test_unknown_study_gets_a_page_that_says_what_to_do(client: TestClient) -> None:
    response = client.get("/studies/1.2.3")

    assert response.status_code == 404
    assert "check at the scanner" in response.text
    assert 'href="/"' in response.text


@pytest.mark.parametrize("uid", ["<script>", "1.2.3'--", "1" * 65, "1..2", "%2e%2e"])
def test_malformed_uid_is_not_looked_up(client: TestClient, uid: str) -> None:
    page, api = client.get(f"/studies/{uid}"), client.get(f"/api/v1/studies/{uid}")

    assert (page.status_code, api.status_code) == (404, 404)
    assert "<script>" not in page.text
    assert api.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "before=now", "state=lost", "received_from=yesterday", "offset=4"],
)
def test_page_bounds_are_checked(client: TestClient, query: str) -> None:
    assert client.get(f"/?{query}").status_code == 422
    assert client.get(f"/api/v1/studies?{query}").status_code == 422


def test_pager_leads_to_older_and_newer_studies(
    client: TestClient, ledger: Ledger, store: MemoryStore
) -> None:
    reading_room.fill(ledger, store)

    first = client.get("/?limit=4&modality=US").text
    (older,) = re.findall(r'rel="next" href="([^"]+)"', first)
    second = client.get(html.unescape(older)).text

    assert 'rel="first"' not in first
    assert 'rel="first" href="/?modality=US&amp;limit=4"' in second
    assert not {*re.findall('data-study="([^"]+)"', first)} & {*re.findall('data-study="([^"]+)"', second)}


def test_empty_list_says_how_to_fill_it(client: TestClient) -> None:
    assert "Send one by C-STORE" in client.get("/").text


def test_what_is_wrong_with_the_service_stands_above_the_list(client: TestClient, ledger: Ledger) -> None:
    with ledger.begin() as tx:
        tx.notices.put("accept@host/space", "The disk is nearly full", datetime.now(UTC))
    shown = client.get("/rows").text
    assert shown.index("The disk is nearly full") < shown.index('id="summary"')
    assert client.get("/api/v1/studies").json()["notices"][0]["source"] == "accept@host/space"


def test_what_was_given_up_is_told_above_the_list_and_on_the_page_of_the_study(
    client: TestClient, seed: Seed
) -> None:
    assert "given up" not in client.get("/rows").text
    reading_room.failed(seed)
    reading_room.give_up(seed, "no worker has <us-mass>")

    shown, page = client.get("/rows").text, client.get(f"/studies/{seed.uid}").text

    assert "1 piece of work was given up" in shown
    assert "`preread dead list`" in shown
    assert "Analysis by us-mass" in page
    assert "no worker has &lt;us-mass&gt;" in page


def test_superseded_work_that_was_given_up_is_not_told(client: TestClient, seed: Seed) -> None:
    reading_room.failed(seed)
    reading_room.give_up(seed, "broken")
    seed.late_image(3)

    assert "given up" not in client.get("/rows").text
    assert "Given up" not in client.get(f"/studies/{seed.uid}").text


def test_api_pages_through_all_studies(client: TestClient, ledger: Ledger, store: MemoryStore) -> None:
    studies = reading_room.fill(ledger, store)

    pages: list[dict[str, Any]] = []
    before = ""
    while not pages or before:
        pages.append(client.get("/api/v1/studies", params={"limit": 4, "before": before}).json())
        before = pages[-1]["next"]

    found = [entry["study_instance_uid"] for page in pages for entry in page["entries"]]
    assert found == [seed.uid for seed in reversed(studies.values())]
    assert len(pages) == 3


def test_api_tells_the_score_and_keeps_the_stores_keys_to_itself(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)

    response = client.get(f"/api/v1/studies/{seed.uid}")

    score = response.json()["entry"]["classifiers"][0]["score"]
    assert (score["probability"], score["category"], score["laterality"]) == (0.873, "4C", "L")
    assert "secret" not in response.text
    assert ".dcm" not in response.text


def test_product_has_no_research_label(ledger: Ledger, store: MemoryStore, seed: Seed) -> None:
    reading_room.positive(seed)
    settings = Settings(report=ReportSettings(content_qualification="PRODUCT"))

    page = from_here(create_app(ledger, store, settings)).get("/").text

    assert "research use" not in page.lower()


def test_ledger_that_does_not_answer_is_told(
    client: TestClient, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read() -> AbstractContextManager[Transaction]:
        raise LedgerUnavailable("the ledger's database does not answer: it is away")

    monkeypatch.setattr(ledger, "read", read)

    assert client.get("/healthz").status_code == 503
    assert "does not answer" in client.get("/").text


def test_health_is_ok_when_the_ledger_answers(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_look_of_a_study_changes_only_with_the_study(client: TestClient, seed: Seed) -> None:
    reading_room.queued(seed)
    before = re.findall("data-fingerprint=.(\\w+)", client.get("/rows").text)
    same = re.findall("data-fingerprint=.(\\w+)", client.get("/rows").text)
    seed.analyse(seed.score(1, 0.5, "L"))
    after = re.findall("data-fingerprint=.(\\w+)", client.get("/rows").text)

    assert before == same
    assert before != after


def test_static_files_travel_with_the_package(client: TestClient) -> None:
    for name in (file.name for file in Path(STATIC).iterdir()):
        response = client.get(f"/static/{name}")
        assert (response.status_code, response.headers["cache-control"]) == (200, "no-cache")


def test_study_whose_images_were_removed_says_so(
    client: TestClient, seed: Seed, ledger: Ledger, store: MemoryStore
) -> None:
    study = reading_room.positive(seed)
    assert "removed here" not in client.get(f"/studies/{study.uid}").text
    later = datetime.now(UTC) + timedelta(days=2)
    assert ImageRetention(ledger, store, 1, lambda: later).remove(study.uid) is not None

    page = client.get(f"/studies/{study.uid}").text
    assert page.count("removed here, 1 day or more after the results were delivered") == 3  # top, line, log
    assert "removed here" in client.get(f"/api/v1/studies/{study.uid}").json()["images_removed"]
