import json

import pytest
from fastapi import FastAPI

from service.access.records import Action
from service.access.roles import Permission, Role
from service.config import Settings, WorklistSettings
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from service.worklist.app import create_app
from service.worklist.own_page import HEADER
from tests.unit.worklist import reading_room
from tests.unit.worklist.access.people import OURS, signed_in, token
from tests.unit.worklist.builders import Seed
from tests.unit.worklist.clients import from_elsewhere

NAME, ID, BORN, WORDS = "Okafor", "MRN20401", "19680214", "US breast bilateral"


@pytest.fixture
def app(ledger: Ledger, store: MemoryStore) -> FastAPI:
    viewer = "https://viewer/{patient_id}"
    settings = WorklistSettings(bind="0.0.0.0", viewer_url=viewer)
    return create_app(ledger, store, Settings(worklist=settings))


@pytest.mark.parametrize("path", ["/", "/rows", "/studies/{uid}", "/api/v1/studies", "/api/v1/studies/{uid}"])
def test_patients_are_hidden_from_who_may_not_see_them(
    app: FastAPI, ledger: Ledger, seed: Seed, path: str
) -> None:
    reading_room.positive(seed)
    radiologist = signed_in(app, ledger, Role.RADIOLOGIST).get(path.format(uid=seed.uid)).text
    service = signed_in(app, ledger, Role.SERVICE).get(path.format(uid=seed.uid)).text
    assert NAME in radiologist
    assert ID in radiologist
    for secret in (NAME, ID, BORN, "1968-02-14", WORDS, "/heatmaps/"):
        assert secret not in service
    assert "A261181" in service
    assert "hidden" in service


def test_who_may_not_see_patients_cannot_ask_for_them_by_name(
    app: FastAPI, ledger: Ledger, seed: Seed
) -> None:
    reading_room.positive(seed)
    client = signed_in(app, ledger, Role.SERVICE)
    assert client.get("/api/v1/studies", params={"q": NAME}).status_code == 403
    assert 'name="q"' not in client.get("/").text


def test_a_comment_is_hidden_too(app: FastAPI, ledger: Ledger, seed: Seed) -> None:
    reading_room.positive(seed)
    radiologist = signed_in(app, ledger, Role.RADIOLOGIST)
    body = {"classifier": "us-mass", "revision": 1, "verdict": "rejected", "comment": "Mrs Okafor has a scar"}
    path = f"/api/v1/studies/{seed.uid}/assessments"
    assert radiologist.post(path, json=body, headers=OURS | {HEADER: "1"}).status_code == 200
    told = radiologist.get(f"/api/v1/studies/{seed.uid}").json()["entry"]["classifiers"][0]["assessment"]
    assert (told["assessed_by"], told["comment"]) == ("Radiologist", "Mrs Okafor has a scar")
    hidden = from_elsewhere(app).get(f"/api/v1/studies/{seed.uid}", headers=token(ledger, Permission.STUDIES))
    assert "scar" not in hidden.text


def test_it_is_written_down_who_has_seen_and_done_what(app: FastAPI, ledger: Ledger, seed: Seed) -> None:
    reading_room.queued(seed)
    client = signed_in(app, ledger, Role.SERVICE)
    for _ in range(3):
        client.get("/")
        client.get("/rows")
        client.get(f"/studies/{seed.uid}")
    client.post(f"/api/v1/studies/{seed.uid}/retry", headers=OURS | {HEADER: "1"})  # 409: still at work
    assert client.post(f"/api/v1/studies/{seed.uid}/assessments", json={}, headers=OURS | {HEADER: "1"})
    with ledger.read() as tx:
        events = tx.audit.newest(99)
    assert [(one.action, one.study_instance_uid, one.succeeded) for one in reversed(events)] == [
        (Action.SIGNED_IN, "", True),
        (Action.LISTED, "", True),
        (Action.VIEWED, seed.uid, True),
        (Action.REFUSED, seed.uid, False),
    ]
    assert {(one.who, one.role, one.address) for one in events} == {("service", "service", "10.1.2.3")}
    assert NAME not in json.dumps([one.detail for one in events])


def test_a_study_says_who_made_it_urgent(app: FastAPI, ledger: Ledger, seed: Seed) -> None:
    seed.receive()
    client = signed_in(app, ledger, Role.RADIOLOGIST)
    assert client.post(f"/api/v1/studies/{seed.uid}/urgent", headers=OURS | {HEADER: "1"}).status_code == 200
    with ledger.read() as tx:
        assert any("radiologist (radiologist)" in one.reason for one in tx.studies.history(seed.uid))
        assert tx.audit.newest(1)[0].action is Action.MADE_URGENT


def test_nobody_asks_too_often(ledger: Ledger, store: MemoryStore) -> None:
    settings = Settings(worklist=WorklistSettings(bind="0.0.0.0", requests_per_min=60))
    app = create_app(ledger, store, settings)
    busy, other = signed_in(app, ledger, Role.RADIOLOGIST), signed_in(app, ledger, Role.SERVICE)
    assert {busy.get("/api/v1/studies").status_code for _ in range(60)} == {200}
    assert busy.get("/api/v1/studies").status_code == 429
    assert other.get("/api/v1/studies").status_code == 200
