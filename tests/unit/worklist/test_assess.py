from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.unit.worklist import reading_room
from tests.unit.worklist.builders import Seed
from tests.unit.worklist.test_actions import OURS, path

ACCEPT = {"classifier": "us-mass", "revision": 1, "verdict": "accepted", "assessed_by": "A. Reader"}
MODIFY = ACCEPT | {"verdict": "modified", "category": "3"}
REJECT = ACCEPT | {"verdict": "rejected", "comment": "artefact"}


def said(client: TestClient, seed: Seed, body: dict[str, Any]) -> tuple[int, str]:
    answer = client.post(path(seed, "assessments"), json=body, headers=OURS)
    return answer.status_code, answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (ACCEPT, "Accepted by A. Reader"),
        (MODIFY, "Modified to category 3 by A. Reader"),
        (REJECT, "Rejected by A. Reader"),
    ],
)
def test_assessment_is_kept_and_shown(
    client: TestClient, seed: Seed, body: dict[str, Any], shown: str
) -> None:
    reading_room.positive(seed)
    assert client.get(f"/studies/{seed.uid}").text.count('<form class="assess"') == 1

    status, detail = said(client, seed, body)

    assert (status, detail.split(" by ")[1]) == (200, "A. Reader")
    assert shown in client.get(f"/studies/{seed.uid}").text
    (classifier,) = client.get(f"/api/v1/studies/{seed.uid}").json()["entry"]["classifiers"]
    assert classifier["assessment"]["verdict"] == body["verdict"]


def test_last_word_counts(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)
    said(client, seed, REJECT)
    said(client, seed, ACCEPT)

    page = client.get(f"/studies/{seed.uid}").text
    assert "Accepted by A. Reader" in page
    assert "Rejected by A. Reader" not in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"assessed_by": ""}, "say who assesses"),
        ({"assessed_by": "Müller"}, "letters of ASCII"),
        ({"verdict": "modified"}, "give a category with 'modified'"),
        ({"category": "3"}, "and none with another verdict"),
        ({"verdict": "modified", "category": "7"}, "the category is one of"),
        ({"verdict": "rejected"}, "say in the comment why"),
        ({"comment": "x" * 501}, "500 at most"),
        ({"verdict": "perhaps"}, "the body is JSON"),
        ({"revision": 0}, "the body is JSON"),
    ],
)
def test_what_is_not_complete_is_refused_with_what_to_do(
    client: TestClient, seed: Seed, change: dict[str, Any], words: str
) -> None:
    reading_room.positive(seed)
    status, detail = said(client, seed, ACCEPT | change)
    assert status == 422
    assert words in detail


@pytest.mark.parametrize(
    ("change", "words"),
    [({"classifier": "ct-mass"}, "no result in this study"), ({"revision": 2}, "load it again")],
)
def test_only_the_newest_result_is_assessed(
    client: TestClient, seed: Seed, change: dict[str, Any], words: str
) -> None:
    reading_room.positive(seed)
    status, detail = said(client, seed, ACCEPT | change)
    assert status == 409
    assert words in detail


def test_unknown_study_and_another_page(client: TestClient, seed: Seed) -> None:
    assert client.post("/api/v1/studies/1.2.3/assessments", json=ACCEPT, headers=OURS).status_code == 404
    reading_room.positive(seed)
    assert client.post(path(seed, "assessments"), json=ACCEPT).status_code == 403


def test_study_without_a_score_has_nothing_to_assess(client: TestClient, seed: Seed) -> None:
    reading_room.queued(seed)
    assert '<form class="assess"' not in client.get(f"/studies/{seed.uid}").text


@pytest.mark.parametrize("body", [ACCEPT, MODIFY, REJECT], ids=lambda body: body["verdict"])
def test_the_list_marks_and_finds_what_was_said(client: TestClient, seed: Seed, body: dict[str, Any]) -> None:
    reading_room.positive(seed)

    def found(verdict: str) -> bool:
        return seed.uid in client.get(f"/?verdict={verdict}").text

    assert found("none") and not found(body["verdict"])
    said(client, seed, body)
    assert found(body["verdict"]) and not found("none")
    assert f'class="chip said {body["verdict"]}"' in client.get("/").text


def test_a_newer_result_is_not_assessed(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)
    said(client, seed, ACCEPT)
    seed.late_image(3)
    seed.queue().analyse(seed.score(3, 0.9, "L"))
    assert seed.uid in client.get("/?verdict=none").text
    page = client.get("/?verdict=accepted").text
    assert seed.uid not in page
    assert "chip said" not in client.get("/").text
