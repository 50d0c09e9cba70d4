from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.config import Settings
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.analyses import Analysis
from service.storage.store.memory import MemoryStore
from service.storage.store.quarantine_key import quarantine_key
from service.study.assessment import Assessment, Verdict
from service.study.state import AnalysisState
from service.worklist.app import create_app
from service.worklist.operations.drift import drifts
from tests.factories import result, score
from tests.unit.worklist import reading_room
from tests.unit.worklist.clients import from_here

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def board(client: TestClient) -> dict[str, Any]:
    response = client.get("/api/v1/operations")
    assert response.status_code == 200, response.text
    return dict(response.json())


def test_an_empty_service_says_so_everywhere(client: TestClient) -> None:
    page = client.get("/operations").text
    for words in ("No study was delivered", "Nothing is known to be wrong", "nothing waits for a classifier"):
        assert words in page
    assert board(client)["turnaround"] is None


def test_a_morning_is_told(client: TestClient, ledger: Ledger, store: MemoryStore) -> None:
    studies = reading_room.fill(ledger, store)
    reading_room.give_up(studies["queued"], "the worker died five times")
    found = board(client)
    assert found["counts"]["delivered"] == 3
    assert [(one["classifier"], one["waiting"]) for one in found["queues"]] == [("us-mass", 2)]
    (throughput,) = [one for one in found["throughput"] if one["version"]]
    assert (throughput["classifier"], throughput["scored"], throughput["refused"]) == ("us-mass", 5, 1)
    states = {(one["destination"], one["state"]): one["count"] for one in found["destinations"]}
    assert states[("pacs", "rejected")] == 2
    assert found["turnaround"]["count"] == 3
    assert found["given_up_count"] == 1
    assert found["quarantined"] == 0
    store.put(quarantine_key("1.2.3", "ab", datetime.now(UTC)) + ".dcm", b"x")
    store.put(quarantine_key("1.2.3", "ab", datetime.now(UTC)) + ".json", b"{}")
    assert board(client)["quarantined"] == 1
    assert "preread quarantine list" in client.get("/operations").text
    page = client.get("/operations").text
    assert "the worker died five times" in page
    assert 'href="/?state=delivered"' in page


def test_the_disk_is_told_where_it_is_here(ledger: Ledger, store: MemoryStore, tmp_path: Path) -> None:
    here = board(from_here(create_app(ledger, store, Settings(data_folder=tmp_path))))["disk"]
    assert 0 < here["free_bytes"] <= here["total_bytes"]
    assert here["least_bytes"] == Settings().accept.min_free_bytes
    elsewhere = Settings(data_folder=tmp_path / "elsewhere")
    assert board(from_here(create_app(ledger, store, elsewhere)))["disk"] is None


def test_nothing_in_it_is_of_a_patient(client: TestClient, ledger: Ledger, store: MemoryStore) -> None:
    reading_room.fill(ledger, store)
    text = client.get("/operations").text + client.get("/api/v1/operations").text
    for secret in ("Okafor", "Wang", "MRN204", "A26118", "19590730", "Lindqvist"):
        assert secret not in text


def analysis(number: int, days_ago: float, probability: float, state: AnalysisState = AnalysisState.SCORED):  # type: ignore[no-untyped-def]

    uid = f"1.2.{number}"
    scores = (
        (score(probability=probability, positive=probability >= 0.3),)
        if state is AnalysisState.SCORED
        else ()
    )
    ended = NOW - timedelta(days=days_ago)
    said = replace(result(study_instance_uid=uid), scores=scores)
    return Analysis(uid, 1, "us-mass", state, "", (), said, ended, ended)


def test_a_scanner_whose_scores_shift_is_told_and_its_neighbour_is_not() -> None:
    analyses, scanners = [], {}
    for number in range(200):
        scanners[f"1.2.{number}"] = "ROOM1" if number % 2 else "ROOM2"
        days_ago = number / 10  # 70 in the last week
        shifted = days_ago < 7 and number % 2
        analyses.append(analysis(number, days_ago, (number % 20) / 40 + (0.5 if shifted else 0.0)))
    room1, room2 = drifts(analyses, scanners, [], NOW, {})
    assert (room1.scanner, room2.scanner) == ("ROOM1", "ROOM2")
    assert room1.shift.is_large
    assert not room2.shift.is_large
    assert room2.shift.is_known
    assert room1.positive == 1.0
    assert room1.studies + room2.studies == 71


def test_scanners_of_a_site_are_told_together_too() -> None:
    analyses = [analysis(number, number % 28, 0.1 * (number % 10)) for number in range(60)]
    scanners = {one.study_instance_uid: f"ROOM{n % 3}" for n, one in enumerate(analyses)}
    sites = {"ROOM0": "North", "ROOM1": "North"}
    found = drifts(analyses, scanners, [], NOW, sites)
    assert [(one.site, one.scanner, one.studies + sum(one.before)) for one in found] == [
        ("North", "", 40),
        ("", "ROOM2", 20),
        ("North", "ROOM0", 20),
        ("North", "ROOM1", 20),
    ]


def test_the_settings_say_which_scanner_stands_where(ledger: Ledger, store: MemoryStore) -> None:
    peers = [
        {"ae_title": "SCANNER"},
        {"ae_title": "SCANNER", "site": "North"},
        {"ae_title": "SCANNER", "site": "X"},
    ]
    client = from_here(create_app(ledger, store, Settings.model_validate({"accept": {"peers": peers}})))
    reading_room.fill(ledger, store)
    assert {(one["site"], one["scanner"]) for one in board(client)["drifts"]} == {
        ("North", ""),
        ("North", "SCANNER"),
    }
    page = client.get("/operations").text
    assert "North" in page and "all of the site" in page


def test_refusals_and_agreement_are_shares() -> None:
    analyses = [analysis(1, 1, 0.5), analysis(2, 1, 0.1), analysis(3, 2, 0.0, AnalysisState.NOT_ANALYSED)]
    words = [("1.2.1", Verdict.REJECTED), ("1.2.1", Verdict.ACCEPTED), ("1.2.2", Verdict.MODIFIED)]
    assessments = [
        Assessment(uid, 1, "us-mass", verdict, "5" if verdict is Verdict.MODIFIED else "", "why", "Anna", NOW)
        for uid, verdict in words
    ]
    (found,) = drifts(analyses, {}, assessments, NOW, {})
    assert found.scanner == "unknown"
    assert found.refused == pytest.approx(1 / 3)
    assert (found.accepted, found.assessed) == (0.5, 2)
    assert found.positive == 0.5
    assert found.positive_before is None


def test_another_version_starts_anew() -> None:
    old, new = analysis(1, 10, 0.9), analysis(2, 1, 0.1)
    assert old.result is not None
    older = replace(
        old, result=replace(old.result, classifier=replace(old.result.classifier, version="0.9.0"))
    )
    (found,) = drifts([new, older], {}, [], NOW, {})
    assert (found.studies, sum(found.before)) == (1, 0)
