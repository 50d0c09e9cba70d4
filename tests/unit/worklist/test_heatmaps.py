from io import BytesIO

import numpy as np
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread

from service.storage.store.memory import MemoryStore
from tests.unit.worklist import reading_room
from tests.unit.worklist.builders import COLUMNS, ROWS, Seed


def picture(response: Response) -> Image.Image:
    assert (response.status_code, response.headers["content-type"]) == (200, "image/png")
    return Image.open(BytesIO(response.content))


def path(seed: Seed, sop_instance_uid: str, query: str = "") -> str:
    return f"/api/v1/studies/{seed.uid}/heatmaps/{sop_instance_uid}.png{query}"


def pixels_in_store(seed: Seed, place: int) -> NDArray[np.uint8]:
    data = seed.store.get(f"objects/{seed.uid}/{seed.uid}.9.1.{place}.dcm")
    return np.asarray(dcmread(BytesIO(data)).pixel_array, np.uint8)


def test_full_heatmap_has_the_pixels_of_the_object(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)

    shown = picture(client.get(path(seed, f"{seed.uid}.9.1.1")))

    assert np.array_equal(np.asarray(shown), pixels_in_store(seed, 1))


def test_thumbnail_is_small_and_keeps_the_aspect(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)

    shown = picture(client.get(path(seed, f"{seed.uid}.9.1.1", "?size=thumbnail")))

    assert shown.size == (320, 320 * ROWS // COLUMNS)


def test_thumbnail_is_rendered_once(
    client: TestClient, seed: Seed, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading_room.positive(seed)
    url = path(seed, f"{seed.uid}.9.1.1", "?size=thumbnail")
    first = client.get(url).content

    monkeypatch.setattr(store, "get", lambda key: pytest.fail(f"{key} is read again"))

    assert client.get(url).content == first


def test_heatmap_is_found_by_the_frame_it_was_made_from(client: TestClient, seed: Seed) -> None:
    reading_room.cine(seed)

    shown = picture(client.get(path(seed, seed.image_uid(1), "?classifier=us-mass&frame=23")))

    assert np.array_equal(np.asarray(shown), pixels_in_store(seed, 2))


def test_every_heatmap_that_the_api_offers_is_there(client: TestClient, seed: Seed) -> None:
    reading_room.two_breasts(seed)

    (classifier,) = client.get(f"/api/v1/studies/{seed.uid}").json()["entry"]["classifiers"]

    assert len(classifier["images"]) == 2
    assert all(picture(client.get(image["heatmap"])).size for image in classifier["images"])


@pytest.mark.parametrize(
    "wrong", ["1.2.3.png", "1.2.3.png?frame=2", "..%2f..%2fetc%2fpasswd.png", "1..2.png", "%00.png"]
)
def test_unknown_or_malformed_uid_is_not_found(client: TestClient, seed: Seed, wrong: str) -> None:
    reading_room.positive(seed)

    response = client.get(f"/api/v1/studies/{seed.uid}/heatmaps/{wrong}")

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/json"


def test_report_is_no_picture(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)

    assert client.get(path(seed, f"{seed.uid}.9.1.2")).status_code == 404


def test_heatmap_of_another_study_is_not_found(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)
    other = reading_room.receiving(Seed(seed.ledger, seed.store, 2))

    assert client.get(path(other, f"{seed.uid}.9.1.1")).status_code == 404


def test_lost_object_is_told(client: TestClient, seed: Seed, store: MemoryStore) -> None:
    reading_room.positive(seed)
    store.delete(f"objects/{seed.uid}/{seed.uid}.9.1.1.dcm")

    response = client.get(path(seed, f"{seed.uid}.9.1.1"))

    assert response.status_code == 404
    assert "no longer holds" in response.json()["detail"]


def test_damaged_object_is_told(client: TestClient, seed: Seed, store: MemoryStore) -> None:
    reading_room.positive(seed)
    store.put(f"objects/{seed.uid}/{seed.uid}.9.1.1.dcm", b"torn")

    response = client.get(path(seed, f"{seed.uid}.9.1.1"))

    assert response.status_code == 500
    assert "not a DICOM file" in response.json()["detail"]
