import pytest
from fastapi import FastAPI

from service.access.roles import Permission
from service.config import Settings
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from service.study.model import Priority
from service.worklist.app import create_app
from service.worklist.etags import etag, matches
from tests.unit.worklist import reading_room
from tests.unit.worklist.access.people import token
from tests.unit.worklist.builders import Seed
from tests.unit.worklist.clients import TestClient, from_elsewhere

EVERYTHING = (Permission.STUDIES, Permission.PATIENTS)


@pytest.fixture
def app(ledger: Ledger, store: MemoryStore) -> FastAPI:
    return create_app(ledger, store, Settings())


def paths(seed: Seed) -> list[str]:
    result = f"/dicom-web/studies/{seed.uid}/series/{seed.uid}.9/instances/{seed.uid}.9.1.1"
    return [
        "/api/v1/studies",
        f"/api/v1/studies/{seed.uid}",
        f"/api/v1/studies/{seed.uid}/heatmaps/{seed.uid}.9.1.1.png",
        f"/api/v1/studies/{seed.uid}/objects/{seed.uid}.9.1.1.dcm",
        "/dicom-web/studies",
        f"/dicom-web/studies/{seed.uid}/instances",
        result,
        f"{result}/thumbnail",
    ]


def test_what_has_not_changed_is_answered_with_304_and_no_body(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)
    for path in paths(seed):
        first = client.get(path)
        again = client.get(path, headers={"If-None-Match": first.headers["etag"]})

        assert (first.status_code, again.status_code) == (200, 304), path
        assert again.content == b""
        assert again.headers["etag"] == first.headers["etag"]
        assert "content-type" not in again.headers
        assert again.headers["x-content-type-options"] == "nosniff"


def test_what_has_changed_is_sent_with_another_etag(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)
    changes = ((f"/api/v1/studies/{seed.uid}", Priority.URGENT), ("/api/v1/studies", Priority.ROUTINE))
    for path, priority in changes:
        tag = client.get(path).headers["etag"]
        with seed.ledger.begin() as tx:
            tx.studies.set_priority(seed.uid, priority)

        again = client.get(path, headers={"If-None-Match": tag})

        assert again.status_code == 200
        assert again.headers["etag"] != tag


def test_browsers_keep_nothing_and_programs_ask_each_time(
    app: FastAPI, client: TestClient, seed: Seed
) -> None:
    reading_room.positive(seed)
    headers = token(seed.ledger, *EVERYTHING)
    for path in paths(seed):
        assert client.get(path).headers["cache-control"] == "no-store"
        assert from_elsewhere(app).get(path, headers=headers).headers["cache-control"] == "private, no-cache"
    for path in ("/", f"/studies/{seed.uid}"):
        page = from_elsewhere(app).get(path, headers=headers)
        assert page.headers["cache-control"] == "no-store"
        assert "etag" not in page.headers


def test_an_etag_opens_nothing(app: FastAPI, client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)
    path = f"/api/v1/studies/{seed.uid}"
    tag = client.get(path).headers["etag"]

    for headers in ({}, token(seed.ledger, Permission.BADGES)):
        answer = from_elsewhere(app).get(path, headers=headers | {"If-None-Match": tag})
        assert answer.status_code in {401, 403}
        assert "etag" not in answer.headers


def test_who_may_not_see_patients_gets_another_etag(app: FastAPI, client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)
    tag = client.get("/api/v1/studies").headers["etag"]
    headers = token(seed.ledger, Permission.STUDIES) | {"If-None-Match": tag}

    masked = from_elsewhere(app).get("/api/v1/studies", headers=headers)

    assert (masked.status_code, masked.headers["etag"] == tag) == (200, False)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("*", True),
        ('"other", {tag}', True),
        ("W/{tag}", True),
        ("", False),
        ('"other"', False),
        ("unquoted", False),
    ],
)
def test_lists_weak_tags_and_the_star_are_understood(asked: str, expected: bool) -> None:
    tag = etag(b"body")
    assert matches(asked.format(tag=tag), tag) is expected
