import pytest
from fastapi.testclient import TestClient

from service.access.roles import Permission
from service.config import Settings, WorklistSettings
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from service.worklist.app import create_app
from service.worklist.embed import SIGN_IN, WORDS
from tests.unit.worklist import reading_room
from tests.unit.worklist.access.people import token
from tests.unit.worklist.builders import Seed
from tests.unit.worklist.clients import from_here

PACS = "https://pacs.hospital"


@pytest.fixture
def client(ledger: Ledger, store: MemoryStore) -> TestClient:
    settings = Settings(worklist=WorklistSettings(embed_origins=(PACS,)))
    return from_here(create_app(ledger, store, settings))


def test_studies_are_told_by_uid_and_by_accession_number(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)
    with seed.ledger.read() as tx:
        (study,) = tx.studies.named([seed.uid])
    number = study.header.accession_number
    assert number
    for wanted in ({"study_instance_uids": [seed.uid, "1.2.3"]}, {"accession_numbers": [number, "?"]}):
        (badge,) = client.post("/embed/lookup", json=wanted).json()["studies"]
        assert (badge["study_instance_uid"], badge["accession_number"]) == (seed.uid, number)
        assert (badge["probability"], badge["positive"], badge["category"]) == (0.873, True, "4C")
        assert badge["research"] is True
    unknown = client.post("/embed/lookup", json={"accession_numbers": [number[:-1]]}).json()
    assert unknown == {"studies": [], "words": {}}


def test_a_study_without_a_score_has_words_and_no_number(client: TestClient, seed: Seed) -> None:
    reading_room.failed(seed)
    (badge,) = client.post("/embed/lookup", json={"study_instance_uids": [seed.uid]}).json()["studies"]
    assert (badge["probability"], badge["threshold"], badge["category"]) == (None, None, "")
    assert badge["label"] == "Not analysed: failed"


def test_nothing_of_the_patient_is_told(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)
    with seed.ledger.read() as tx:
        (study,) = tx.studies.named([seed.uid])
    answer = client.post("/embed/lookup", json={"study_instance_uids": [seed.uid]}).text
    for value in (study.header.patient_name, study.header.patient_id, study.header.patient_birth_date):
        assert value and value not in answer


@pytest.mark.parametrize(("origin", "may"), [(PACS, True), ("https://elsewhere", False), ("null", False)])
def test_only_pages_of_the_settings_origins_may_ask(client: TestClient, origin: str, may: bool) -> None:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    asked = client.options("/embed/lookup", headers=headers)
    answered = client.post("/embed/lookup", json={}, headers={"Origin": origin})
    assert (asked.headers.get("access-control-allow-origin") == origin) is may
    assert (answered.headers.get("access-control-allow-origin") == origin) is may


def test_no_other_page_may_ask_for_anything_else(client: TestClient) -> None:
    answer = client.get("/api/v1/studies", headers={"Origin": PACS})
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert client.get("/embed/overlay.js").headers["cross-origin-resource-policy"] == "cross-origin"


@pytest.mark.parametrize(
    "wanted",
    [
        {"study_instance_uids": ["1.2"] * 101},
        {"accession_numbers": ["x" * 65]},
        {"study_instance_uids": ["<script>"]},
        {"patients": ["Doe"]},
    ],
)
def test_too_much_is_refused_and_not_quoted(client: TestClient, wanted: dict[str, list[str]]) -> None:
    answer = client.post("/embed/lookup", json=wanted)
    assert answer.status_code == 422
    assert "script" not in answer.text and "Doe" not in answer.text


@pytest.mark.parametrize("origin", ["*", "pacs.hospital", "https://pacs.hospital/list", "https://*"])
def test_an_origin_that_is_none_is_a_wrong_setting(origin: str) -> None:
    with pytest.raises(ValueError):
        WorklistSettings(embed_origins=(origin,))


def test_badges_are_in_the_language_of_the_list(client: TestClient, seed: Seed) -> None:
    reading_room.failed(seed)
    wanted = {"study_instance_uids": [seed.uid]}
    said = client.post("/embed/lookup", json=wanted, headers={"Accept-Language": "zh-CN"}).json()
    (badge,) = said["studies"]
    assert badge["label"] == "未分析：失败"
    assert badge["reason"] == "us-mass：失败：此工作进程没有分类器 us-mass；现有：us-lesion"
    assert set(said["words"]) == set(WORDS)


def test_who_has_not_signed_in_is_told_where_and_nothing_else(ledger: Ledger, store: MemoryStore) -> None:
    settings = Settings(worklist=WorklistSettings(embed_origins=(PACS,), sign_in="always"))
    client = from_here(create_app(ledger, store, settings))
    answer = client.post("/embed/lookup", json={}, headers={"Origin": PACS})
    assert (answer.status_code, answer.json()) == (401, {"detail": SIGN_IN})
    assert answer.headers["access-control-allow-origin"] == PACS
    program = client.post("/embed/lookup", json={}, headers={"Authorization": "Bearer preread_no"})
    assert program.json()["detail"].startswith("sign in to see this; a program")


def test_a_token_in_a_page_opens_badges_only(client: TestClient, ledger: Ledger) -> None:
    """Everybody who sees the page can read it."""
    narrow, wide = token(ledger, Permission.BADGES), token(ledger, Permission.BADGES, Permission.STUDIES)
    page = {"Origin": PACS}
    assert client.post("/embed/lookup", json={}, headers=page | narrow).status_code == 200
    refused = client.post("/embed/lookup", json={}, headers=page | wide)
    assert refused.status_code == 403
    assert "only scope badges:read" in refused.json()["detail"]
    assert client.post("/embed/lookup", json={}, headers=wide).status_code == 200, "a program may have it"
    with ledger.read() as tx:
        assert [one.detail for one in tx.audit.newest(9) if not one.succeeded] == ["a token in a page"]
