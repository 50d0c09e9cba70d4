import json
import re
from html import unescape
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from PIL import Image

from tests.unit.worklist.builders import COLUMNS, ROWS, Seed, ring, speckle
from tests.unit.worklist.pixels import keep_heat, keep_image


@pytest.fixture
def cine(seed: Seed) -> Seed:
    """Five frames, the third of which is scored."""
    seed.receive(images=1)
    keep_image(seed, 1, frames=5)
    return seed.delivered(keep_heat(seed, seed.score(1, 0.873, "L", frame=3)))


def pixels(client: TestClient, path: str) -> NDArray[np.uint8]:
    response = client.get(path)
    assert (response.status_code, response.headers["content-type"]) == (200, "image/png"), response.text
    with Image.open(BytesIO(response.content)) as picture:
        return np.asarray(picture)


def images(seed: Seed, image: int = 1) -> str:
    return f"/api/v1/studies/{seed.uid}/images/{seed.image_uid(image)}"


def data(page: str, name: str) -> Any:
    found = re.search(f'data-{name}="([^"]*)"', page)
    assert found is not None
    return json.loads(unescape(found[1]))


def test_a_frame_is_shown_as_it_was_received(client: TestClient, cine: Seed) -> None:
    first = speckle(1)[..., 0]
    for frame in (1, 2, 5):
        assert np.array_equal(pixels(client, f"{images(cine)}.png?frame={frame}"), first // frame)
    assert np.array_equal(pixels(client, f"{images(cine)}.png"), first)


def test_heat_has_colours_and_is_opaque_where_it_is_hottest(client: TestClient, cine: Seed) -> None:
    heat = pixels(client, f"{images(cine)}/heat.png?classifier=us-mass&frame=3")
    assert heat.shape == (ROWS, COLUMNS, 4)
    column, row = np.mean(ring(1), axis=0).round().astype(int)
    assert heat[row, column].tolist() == [252, 228, 70, 255]
    assert heat[0, 0, 3] == 0


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("{images}.png?frame=6", "there is no frame 6"),
        ("{images}.png?frame=0", "frame one from 1"),
        ("{images}/heat.png?classifier=us-mass&frame=2", "no heat"),
        ("{images}/heat.png?classifier=other&frame=3", "no heat"),
        ("/api/v1/studies/{uid}/images/1.2.3.png", "no such image"),
        ("/api/v1/studies/1.2.3/images/{image}.png", "no such image"),
        ("/studies/{uid}/images/1.2.3", "no such image"),
    ],
)
def test_what_is_not_there_is_said(client: TestClient, cine: Seed, path: str, said: str) -> None:
    path = path.format(images=images(cine), uid=cine.uid, image=cine.image_uid(1))
    response = client.get(path)
    assert 400 <= response.status_code < 500
    assert said in unescape(response.text)


def test_the_page_begins_with_the_frame_of_the_score(client: TestClient, cine: Seed) -> None:
    page = client.get(f"/studies/{cine.uid}/images/{cine.image_uid(1)}?classifier=us-mass").text
    assert (data(page, "shown"), data(page, "frames"), data(page, "outlined")) == (3, 5, 3)
    assert [one["number"] for one in data(page, "scored")] == [3]
    assert data(page, "region") == {"left": 0, "top": 0, "right": COLUMNS, "bottom": ROWS}
    assert len(data(page, "outline")) == len(ring(1))
    assert "87.3" in page
    assert 'id="play"' in page
    other = client.get(f"/studies/{cine.uid}/images/{cine.image_uid(1)}?classifier=us-mass&frame=4").text
    assert (data(other, "shown"), data(other, "outlined")) == (4, 3)


def test_an_image_without_a_score_has_no_heat_to_set(client: TestClient, seed: Seed) -> None:
    seed.receive(images=1)
    keep_image(seed, 1)
    page = client.get(f"/studies/{seed.uid}/images/{seed.image_uid(1)}").text
    assert "No classifier has scored this image" in page
    assert 'id="opacity"' not in page
    assert 'id="play"' not in page


def test_a_study_leads_to_its_images(client: TestClient, cine: Seed) -> None:
    page = client.get(f"/studies/{cine.uid}").text
    path = f"/studies/{cine.uid}/images/{cine.image_uid(1)}?classifier=us-mass&amp;frame=3"
    assert f'href="{path}"' in page


def test_an_image_that_was_removed_says_so(client: TestClient, seed: Seed) -> None:
    seed.receive(images=1)
    for path in (f"{images(seed)}.png", f"/studies/{seed.uid}/images/{seed.image_uid(1)}"):
        response = client.get(path)
        assert response.status_code == 404
        assert "no longer holds this image" in response.text
