from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.deliveries import DeliveryState
from service.storage.store.memory import MemoryStore
from service.worklist.own_page import HEADER
from service.worklist.wording import duration
from tests.unit.pipeline import study_of
from tests.unit.worklist import reading_room
from tests.unit.worklist.builders import Seed

OURS = {HEADER: "1", "Sec-Fetch-Site": "same-origin"}


def test_other_studies_of_the_patient_are_compared(
    client: TestClient, ledger: Ledger, store: MemoryStore
) -> None:
    old = Seed(ledger, store, 1).receive(patient_id="P1", study_date="20250110")
    old.delivered(old.score(1, 0.123, "L"))
    failed = Seed(ledger, store, 2).receive(patient_id="P1", study_date="20250310").queue()
    stranger = Seed(ledger, store, 3).receive(patient_id="P2", study_date="20240101")
    new = Seed(ledger, store, 4).receive(patient_id="P1")
    new.delivered(new.score(1, 0.873, "L"))
    page = client.get(f"/studies/{new.uid}").text
    others = page[page.index("Other studies") :]
    assert f'href="/studies/{old.uid}"' in others
    assert "12.3" in others
    assert f'href="/studies/{failed.uid}"' in others
    assert stranger.uid not in page
    assert [
        one["study_instance_uid"] for one in client.get(f"/api/v1/studies/{new.uid}").json()["others"]
    ] == [
        failed.uid,
        old.uid,
    ]


def test_studies_without_a_patient_id_have_nothing_in_common(
    client: TestClient, ledger: Ledger, store: MemoryStore
) -> None:
    for number in (1, 2):
        Seed(ledger, store, number).receive(patient_id="")
    assert "Other studies" not in client.get(f"/studies/{Seed(ledger, store, 1).uid}").text


def test_an_object_is_downloaded_as_it_was_sent(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)
    found = client.get(f"/api/v1/studies/{seed.uid}").json()["objects"]
    heatmap = next(one for one in found if one["kind"] == "heatmap")["sop_instance_uid"]
    path = f"/api/v1/studies/{seed.uid}/objects/{heatmap}.dcm"
    assert f'href="{path}"' in client.get(f"/studies/{seed.uid}").text
    response = client.get(path)
    assert response.headers["content-type"] == "application/dicom"
    assert response.headers["content-disposition"] == f'attachment; filename="heatmap-{heatmap}.dcm"'
    with seed.ledger.read() as tx:
        (kept,) = (one for one in tx.deliveries.objects_of(seed.uid) if one.sop_instance_uid == heatmap)
    assert response.content == seed.store.get(kept.key)
    assert client.get(f"/api/v1/studies/{seed.uid}/objects/1.2.3.dcm").status_code == 404
    report = next(one for one in found if one["kind"] == "sr")[
        "sop_instance_uid"
    ]  # whose bytes are not there
    assert client.get(f"/api/v1/studies/{seed.uid}/objects/{report}.dcm").status_code == 404


def test_results_are_sent_again_by_a_button(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)
    assert "Send again" in client.get(f"/studies/{seed.uid}").text
    answer = client.post(f"/api/v1/studies/{seed.uid}/send-again", headers=OURS)
    assert answer.json() == {"detail": "2 objects are sent again to pacs"}
    with seed.ledger.read() as tx:
        assert {one.state for one in tx.deliveries.of_study(seed.uid, 1)} == {DeliveryState.WAITING}


def test_a_delivered_study_is_run_again_by_a_button(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)
    assert "Run again" in client.get(f"/studies/{seed.uid}").text
    assert client.post(f"/api/v1/studies/{seed.uid}/retry", headers=OURS).status_code == 200
    assert study_of(seed.ledger, seed.uid).revision == 2


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-1, "0.0 s"),
        (2.34, "2.3 s"),
        (75, "1 min 15 s"),
        (3 * 3600 + 300, "3 h 5 min"),
        (49 * 3600, "2 d 1 h"),
    ],
)
def test_durations_are_told_in_two_units(seconds: float, said: str) -> None:
    assert duration(timedelta(seconds=seconds)) == said
