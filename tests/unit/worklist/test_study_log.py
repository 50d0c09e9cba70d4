from fastapi.testclient import TestClient

from tests.unit.worklist import reading_room
from tests.unit.worklist.builders import Seed


def test_the_log_is_told_as_json_and_as_text(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)
    log = client.get(f"/api/v1/studies/{seed.uid}/log").json()
    assert log["study_instance_uid"] == seed.uid
    roles = {one["role"] for one in log["entries"]}
    assert roles == {"accept", "assemble", "enqueue", "infer", "report", "send"}
    answer = client.get(f"/api/v1/studies/{seed.uid}/log.txt")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["content-disposition"] == f'attachment; filename="preread-{seed.uid}.log"'
    head, *lines = answer.text.splitlines()
    assert head == f"# Preread, study {seed.uid}, no patient data"
    assert len(lines) == len(log["entries"])
    assert "complete: 2 images, none new for 60 s" in answer.text
    for secret in ("Okafor", "MRN20401", "19680214", "A261181"):
        assert secret not in answer.text


def test_the_page_of_a_study_has_its_log_in_the_readers_language(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)
    assert "analysis by us-mass queued, routine" in client.get(f"/studies/{seed.uid}").text
    page = client.get(f"/studies/{seed.uid}", headers={"Accept-Language": "zh"}).text
    assert "us-mass 的分析已排队，常规" in page
    assert f"/api/v1/studies/{seed.uid}/log.txt" in page


def test_a_study_that_never_came_has_no_log(client: TestClient) -> None:
    for path in ("log", "log.txt"):
        answer = client.get(f"/api/v1/studies/1.2.3/{path}")
        assert answer.status_code == 404
        assert "No image of the study 1.2.3" in answer.json()["detail"]
