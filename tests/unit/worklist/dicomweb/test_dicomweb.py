from dataclasses import replace
from email import message_from_bytes
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from service.storage.ledger.tables.deliveries import StoredObject
from tests.unit.worklist import reading_room
from tests.unit.worklist.builders import Seed
from tests.unit.worklist.clients import TestClient

STUDY_INSTANCE_UID, SOP_INSTANCE_UID, RETRIEVE_URL = "0020000D", "00080018", "00081190"
DESCRIPTION = "00081030"


def found(client: TestClient, query: str) -> list[str]:
    """UIDs of the studies that a search finds."""
    response = client.get(f"/dicom-web/studies?{query}")
    assert response.status_code in {200, 204}, response.text
    entries = response.json() if response.content else []
    return [entry[STUDY_INSTANCE_UID]["Value"][0] for entry in entries]


def heatmap_path(seed: Seed) -> str:
    return f"/dicom-web/studies/{seed.uid}/series/{seed.uid}.9/instances/{seed.uid}.9.1.1"


def objects_of(seed: Seed) -> tuple[StoredObject, ...]:
    with seed.ledger.read() as tx:
        return tx.deliveries.objects_of(seed.uid)


def enter(seed: Seed, **changes: Any) -> StoredObject:
    """One more object, like the study's first but for `changes`."""
    stored = replace(objects_of(seed)[0], sop_instance_uid=f"{seed.uid}.77", **changes)
    with seed.ledger.begin() as tx:
        tx.deliveries.add_object(stored)
    return stored


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("", True),
        ("PatientName=okafor*", True),
        ("PatientName=OKAFOR%5EGRACE%5E?", True),
        ("PatientName=Okafor", False),
        ("PatientName=%25", False),
        ("00100020=MRN20401", True),
        ("PatientID=MRN2040", False),
        ("PatientID=*", True),
        ("AccessionNumber=A261181", True),
        ("AccessionNumber=A261182", False),
        ("StudyDate=20261121", True),
        ("StudyDate=20261101-20261121", True),
        ("StudyDate=20261122-", False),
        ("StudyDate=-20261120", False),
        ("StudyInstanceUID=1.2,{uid}", True),
        ("StudyInstanceUID=1.2%5C1.3", False),
        ("offset=1", False),
        ("limit=0", False),
    ],
)
def test_studies_are_found_by_their_keys(client: TestClient, seed: Seed, query: str, matches: bool) -> None:
    reading_room.positive(seed)
    assert found(client, query.format(uid=seed.uid)) == ([seed.uid] if matches else [])


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("Weather=fine", "Weather is no attribute"),
        ("PatientAge=030Y", "keys are StudyInstanceUID, PatientID"),
        ("limit=-1", "limit is a number"),
        ("offset=999999999", "offset is a number"),
        ("StudyDate=today", "StudyDate is YYYYMMDD"),
        ("includefield=Weather", "Weather is no attribute"),
    ],
)
def test_what_cannot_be_searched_by_is_refused_not_passed_over(
    client: TestClient, query: str, words: str
) -> None:
    response = client.get(f"/dicom-web/studies?{query}")
    assert response.status_code == 400
    assert words in response.json()["detail"]


def test_studies_without_result_objects_are_not_there(client: TestClient, seed: Seed) -> None:
    reading_room.queued(seed)
    assert client.get("/dicom-web/studies").status_code == 204
    assert client.get(f"/dicom-web/studies/{seed.uid}/instances").status_code == 204


def test_what_is_held_back_and_messages_are_there_for_nobody(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)
    for changes in ({"fault": "Rows is missing"}, {"kind": "hl7"}):
        stored = enter(seed, **changes)
        entries = client.get(f"/dicom-web/studies/{seed.uid}/instances").json()
        assert stored.sop_instance_uid not in {one[SOP_INSTANCE_UID]["Value"][0] for one in entries}
        path = f"/dicom-web/studies/{seed.uid}/series/{seed.uid}.9/instances/{stored.sop_instance_uid}"
        assert client.get(path).status_code == 404


def test_further_attributes_are_returned_where_they_are_asked_for(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)
    path = f"/dicom-web/studies/{seed.uid}/instances"
    derived = "00082112"

    (usual, *_), (wanted, *_) = (
        client.get(f"{path}{query}").json() for query in ("", "?includefield=00280004")
    )

    assert "00280004" not in usual
    assert wanted["00280004"] == {"vr": "CS", "Value": ["RGB"]}
    assert derived not in client.get(f"{path}?includefield={derived}").json()[0]  # a sequence
    assert wanted[RETRIEVE_URL]["Value"] == [f"http://127.0.0.1:8100{heatmap_path(seed)}"]


def test_an_object_that_the_store_has_lost_is_unavailable(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)
    (lost,) = [one for one in objects_of(seed) if one.kind == "sr"]  # these tests write none

    (entry,) = client.get(
        f"/dicom-web/studies/{seed.uid}/instances?SOPInstanceUID={lost.sop_instance_uid}"
    ).json()

    assert entry["00080056"]["Value"] == ["UNAVAILABLE"]
    path = f"/dicom-web/studies/{seed.uid}/series/{seed.uid}.9/instances/{lost.sop_instance_uid}"
    assert client.get(path).status_code == 404


def test_an_object_that_is_damaged_is_told(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)
    seed.store.put(f"objects/{seed.uid}/{seed.uid}.9.1.1.dcm", b"torn")
    for suffix in ("", "/rendered"):
        response = client.get(f"{heatmap_path(seed)}{suffix}")
        assert (response.status_code, "damaged" in response.json()["detail"]) == (404, True)


def test_more_than_is_returned_and_fuzzy_matching_are_warned_of(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)
    path = f"/dicom-web/studies/{seed.uid}/instances"
    assert "additional results" in client.get(f"{path}?limit=1").headers["warning"]
    assert "warning" not in client.get(f"{path}?limit=1&offset=1").headers
    assert "fuzzymatching" in client.get("/dicom-web/studies?fuzzymatching=true").headers["warning"]


def test_an_object_is_retrieved_as_it_is_sent(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)

    response = client.get(
        heatmap_path(seed), headers={"Accept": 'multipart/related; type="application/dicom"'}
    )

    head = f"Content-Type: {response.headers['content-type']}\r\n\r\n".encode()
    assert response.content.count(b"\r\n--") == 1
    stored = seed.store.get(f"objects/{seed.uid}/{seed.uid}.9.1.1.dcm")
    assert response.content.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0] == stored
    assert message_from_bytes(head).get_param("type") == "application/dicom"


@pytest.mark.parametrize(
    ("suffix", "accept"),
    [
        ("", "application/json"),
        ("", 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.50'),
        ("/rendered", "image/gif"),
        ("/rendered", "image/png;q=0"),
    ],
)
def test_forms_that_there_are_not_are_not_acceptable(
    client: TestClient, seed: Seed, suffix: str, accept: str
) -> None:
    reading_room.positive(seed)
    assert client.get(f"{heatmap_path(seed)}{suffix}", headers={"Accept": accept}).status_code == 406


@pytest.mark.parametrize(
    ("suffix", "accept", "form", "size"),
    [
        ("rendered", "*/*", "JPEG", (640, 480)),
        ("rendered", "image/jpeg;q=0.5, image/png", "PNG", (640, 480)),
        ("rendered?viewport=100,100", "image/*", "JPEG", (100, 75)),
        ("rendered?accept=image/png&quality=50", "text/html", "PNG", (640, 480)),
        ("thumbnail", "image/png", "PNG", (320, 240)),
    ],
)
def test_heatmaps_are_rendered_as_they_are_asked_for(
    client: TestClient, seed: Seed, suffix: str, accept: str, form: str, size: tuple[int, int]
) -> None:
    reading_room.positive(seed)
    response = client.get(f"{heatmap_path(seed)}/{suffix}", headers={"Accept": accept})
    with Image.open(BytesIO(response.content)) as picture:
        assert (picture.format, picture.size) == (form, size)


@pytest.mark.parametrize("query", ["viewport=0,1", "viewport=9999,9999", "quality=0", "annotation=patient"])
def test_rendering_that_is_not_offered_is_refused(client: TestClient, seed: Seed, query: str) -> None:
    reading_room.positive(seed)
    assert client.get(f"{heatmap_path(seed)}/rendered?{query}").status_code == 400
