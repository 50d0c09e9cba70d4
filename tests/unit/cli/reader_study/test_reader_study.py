import csv
import json
import re
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engines.evaluation.figures import find, read_figures
from service.cli.reader_study.app import create_app
from service.cli.reader_study.study import WITH, WITHOUT, ReaderStudy, open_study
from service.errors import ConfigurationError
from tests.unit.cli.conftest import Run
from tests.unit.engines.builders import write_bus_bra

with warnings.catch_warnings():
    # Starlette wants httpx2 for its test client; httpx is what the other tests talk to servers with.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

NOW = datetime(2026, 11, 27, tzinfo=UTC)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from typer.testing import CliRunner

    from service.cli.main import app

    root = tmp_path_factory.mktemp("study")
    data = write_bus_bra(root, patients=24) / "bus-bra"
    arguments = [
        "prepare",
        "us-mass",
        "bus-bra",
        str(data),
        str(root / "out"),
        "--images",
        "12",
        "--washout-days",
        "0",
    ]
    done = CliRunner().invoke(app, ["reader-study", *arguments])
    assert done.exit_code == 0, done.output
    return root / "out"


@pytest.fixture
def study(prepared: Path, tmp_path: Path) -> ReaderStudy:
    """A copy of the folder, in which nobody has read yet."""
    for path in prepared.rglob("*"):
        if path.is_file():
            copy = tmp_path / "study" / path.relative_to(prepared)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    return open_study(tmp_path / "study")


def truth(study: ReaderStudy) -> dict[str, str]:
    with (study.folder / "truth.csv").open() as lines:
        return {row["image"]: row["label"] for row in csv.DictReader(lines)}


def client(study: ReaderStudy, session: str, reader: str = "R1") -> TestClient:
    app = create_app(study, reader, session, hosts=("testserver",))
    return TestClient(app, follow_redirects=True)


def read_all(study: ReaderStudy, session: str, malignant: str, benign: str) -> str:
    """A scripted reader, who knows the truth and does with it as told; the last page."""
    labels, page = truth(study), client(study, session)
    shown = page.get("/").text
    while found := re.search(r'name="image" value="(\d+)"', shown):
        token = re.search(r'name="token" value="([^"]+)"', shown)
        assert token
        category = malignant if labels[found[1]] == "malignant" else benign
        answer = page.post("/", data={"token": token[1], "image": found[1], "category": category})
        assert answer.status_code == 200
        shown = answer.text
    return str(shown)


def test_a_study_has_one_image_of_a_patient_and_both_labels_alike(study: ReaderStudy) -> None:
    assert sorted(truth(study).values()) == ["benign"] * 6 + ["malignant"] * 6
    assert (
        len(list((study.folder / "images").iterdir()))
        == len(list((study.folder / "heatmaps").iterdir()))
        == 12
    )
    assert study.classifier.startswith("us-mass ")


def test_the_page_shows_image_and_buttons_and_heatmaps_only_in_their_session(study: ReaderStudy) -> None:
    first = client(study, WITHOUT)
    page = first.get("/").text
    (name,) = re.findall(r"/images/(\d+)\.png", page)
    assert "heatmaps" not in page
    assert page.count("data-key") == 7
    assert first.get(f"/images/{name}.png").headers["content-type"] == "image/png"
    assert first.get(f"/heatmaps/{name}.png").status_code == 404
    for hidden in ("/truth.csv", "/study.json", "/images/../truth.csv", "/readings/R1-without.csv"):
        assert first.get(hidden).status_code == 404
    second = client(study, WITH)
    assert (
        f"/heatmaps/{name}.png" in second.get("/").text
        or second.get(f"/heatmaps/{name}.png").status_code == 200
    )
    assert "RESEARCH USE" in second.get("/").text


def test_a_judgement_from_another_page_is_not_taken(study: ReaderStudy) -> None:
    page = client(study, WITHOUT)
    image = study.left("R1", WITHOUT)[0]
    assert page.post("/", data={"token": "guessed", "image": image, "category": "5"}).status_code == 403
    assert page.get("/", headers={"host": "evil.example"}).status_code == 400
    assert study.readings("R1", WITHOUT) == []


def test_reading_goes_on_where_it_was_left_and_nothing_is_judged_twice(study: ReaderStudy) -> None:
    image = study.left("R1", WITHOUT)[0]
    study.record("R1", WITHOUT, image, "4A", 3.0)
    assert len(study.left("R1", WITHOUT)) == 11
    with pytest.raises(ConfigurationError, match="not to be judged now"):
        study.record("R1", WITHOUT, image, "2", 1.0)
    with pytest.raises(ConfigurationError, match="not as '7'"):
        study.record("R1", WITHOUT, study.left("R1", WITHOUT)[0], "7", 1.0)
    assert [reading.category for reading in study.readings("R1", WITHOUT)] == ["4A"]


def test_images_come_in_another_order_the_second_time_and_for_another_reader(study: ReaderStudy) -> None:
    orders = {tuple(study.left(reader, session)) for reader in ("R1", "R2") for session in (WITHOUT, WITH)}
    assert len(orders) == 4
    assert {tuple(sorted(order)) for order in orders} == {study.images}


def test_the_second_session_waits_for_the_wash_out(study: ReaderStudy) -> None:
    slow = ReaderStudy(study.folder, study.classifier, 14, study.images)
    with pytest.raises(ConfigurationError, match="not judged every image without"):
        slow.check_session("R1", WITH, NOW)
    read_all(slow, WITHOUT, "5", "2")
    last = slow.readings("R1", WITHOUT)[-1].read_at
    with pytest.raises(ConfigurationError, match="wash-out of 14 days ends on"):
        slow.check_session("R1", WITH, last + timedelta(days=13))
    slow.check_session("R1", WITH, last + timedelta(days=14, seconds=1))
    with pytest.raises(ConfigurationError, match="use a code"):
        slow.check_session("Dr. Who", WITHOUT, NOW)


def test_scripted_readers_are_compared_with_themselves(study: ReaderStudy, run: Run, tmp_path: Path) -> None:
    """One who calls everything suspicious without heatmaps, and is right with them."""
    read_all(study, WITHOUT, "4A", "4A")
    last_page = read_all(study, WITH, "5", "2")
    assert "Thank you" in last_page
    out = tmp_path / "results"
    (said,) = json.loads(
        run("reader-study", "results", str(study.folder), "--out", str(out), "--json").stdout
    )
    figures = read_figures(out / "reader-study-R1.json")
    assert find(figures, "R1 without heatmap: specificity").value == 0
    assert find(figures, "R1 with heatmap: accuracy").value == 1
    assert find(figures, "R1 without heatmap: AUC").value == 0.5
    with_heatmap = said["comparisons"][0]
    assert (with_heatmap["side"], with_heatmap["other"]) == ("R1 with heatmap", "R1 without heatmap")
    assert with_heatmap["specificity_p"] == pytest.approx(2 / 2**6)
    assert "us-mass" in said["comparisons"][1]["side"]
    assert "12 images" in (out / "reader-study-R1.html").read_text()


def test_without_readers_there_are_no_results(study: ReaderStudy, run: Run) -> None:
    assert "nobody has read both sessions yet" in run("reader-study", "results", str(study.folder)).stdout
    error = run("reader-study", "results", str(study.folder.parent)).exception
    assert "holds no reader study" in str(error)
