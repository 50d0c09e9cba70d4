import pytest
from fastapi.testclient import TestClient

from service.config import Settings, WorklistSettings
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from service.study.model import Priority
from service.study.state import StudyState
from service.worklist.app import create_app
from service.worklist.own_page import HEADER
from tests.unit.pipeline import study_of
from tests.unit.worklist import reading_room
from tests.unit.worklist.builders import Seed
from tests.unit.worklist.clients import from_here

OURS = {HEADER: "1", "Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8100"}


def path(seed: Seed, action: str) -> str:
    return f"/api/v1/studies/{seed.uid}/{action}"


def labels(client: TestClient, seed: Seed) -> list[str]:
    page = client.get(f"/studies/{seed.uid}").text
    return [label for label in ("Make urgent", "Try again") if f">{label}</button>" in page]


def test_study_is_made_urgent_on_its_page(client: TestClient, seed: Seed) -> None:
    seed.receive().queue()
    assert labels(client, seed) == ["Make urgent"]

    response = client.post(path(seed, "urgent"), headers=OURS)

    assert (response.status_code, response.json()["detail"]) == (200, "us-mass moved to the urgent queue")
    assert study_of(seed.ledger, seed.uid).priority is Priority.URGENT
    assert labels(client, seed) == []
    assert "made urgent by somebody on the worklist page" in client.get(f"/studies/{seed.uid}").text


def test_failed_study_is_tried_again_on_its_page(client: TestClient, seed: Seed) -> None:
    reading_room.failed(seed)
    reading_room.give_up(seed, "broken")
    assert labels(client, seed) == ["Try again"]

    assert client.post(path(seed, "retry"), headers=OURS).status_code == 200

    assert study_of(seed.ledger, seed.uid).state is StudyState.ASSEMBLED
    assert "Given up" not in client.get(f"/studies/{seed.uid}").text


def test_delivered_study_can_be_tried_again_where_a_part_was_given_up(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)
    assert labels(client, seed) == []
    reading_room.give_up(seed, "broken")
    assert labels(client, seed) == ["Try again"]


def test_what_does_not_go_with_the_state_is_refused_with_its_reason(client: TestClient, seed: Seed) -> None:
    reading_room.queued(seed)
    response = client.post(path(seed, "retry"), headers=OURS)
    assert response.status_code == 409
    assert "still at work" in response.json()["detail"]


@pytest.mark.parametrize("action", ["urgent", "retry"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {HEADER: "1"},
        {"Sec-Fetch-Site": "same-origin"},
        {HEADER: "1", "Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8100"},
        {HEADER: "1", "Sec-Fetch-Site": "same-site"},
        {HEADER: "1", "Sec-Fetch-Site": "none"},
        {HEADER: "1", "Origin": "http://evil.example"},
        {HEADER: "1", "Origin": "http://127.0.0.1:8100.evil.example"},
        {HEADER: "1", "Origin": "null"},
    ],
)
def test_request_of_another_page_changes_nothing(
    client: TestClient, seed: Seed, action: str, headers: dict[str, str]
) -> None:
    reading_room.failed(seed)
    before = study_of(seed.ledger, seed.uid)

    response = client.post(path(seed, action), headers=headers)

    assert response.status_code == 403
    assert "`preread urgent`" in response.json()["detail"]
    assert study_of(seed.ledger, seed.uid) == before


def test_browser_that_says_only_its_origin_is_believed(client: TestClient, seed: Seed) -> None:
    seed.receive()
    headers = {HEADER: "1", "Origin": "http://127.0.0.1:8100"}
    assert client.post(path(seed, "urgent"), headers=headers).status_code == 200


def test_no_other_page_is_allowed_to_set_our_header(client: TestClient, seed: Seed) -> None:
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    response = client.options(path(seed.receive(), "urgent"), headers=asked)
    assert "access-control-allow-origin" not in response.headers
    assert response.status_code == 405


@pytest.mark.parametrize(("uid", "status"), [("1.2.3", 404), ("x", 404)])
def test_unknown_study_is_said(client: TestClient, uid: str, status: int) -> None:
    for action in ("urgent", "retry"):
        assert client.post(f"/api/v1/studies/{uid}/{action}", headers=OURS).status_code == status


def test_page_that_only_reads_has_no_buttons_and_takes_no_request(
    ledger: Ledger, store: MemoryStore, seed: Seed
) -> None:
    seed.receive()
    settings = Settings(worklist=WorklistSettings(actions=False))
    client = from_here(create_app(ledger, store, settings))

    response = client.post(path(seed, "urgent"), headers=OURS)

    assert labels(client, seed) == []
    assert "study.js" not in client.get(f"/studies/{seed.uid}").text
    assert response.status_code == 403
    assert "worklist.actions is off" in response.json()["detail"]
