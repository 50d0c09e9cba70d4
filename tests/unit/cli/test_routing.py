import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.promotions import Promotion
from service.storage.store.filesystem import FilesystemStore
from tests.unit.cli.conftest import Run
from tests.unit.pipeline import assemble, phantom, receive


def write_study(folder: Path) -> Path:
    folder.mkdir()
    for number, dataset in enumerate(phantom()):
        dataset.save_as(folder / f"{number}.dcm", enforce_file_format=True)
    (folder / "notes.txt").write_text("not DICOM")
    return folder


def test_explain_says_which_rule_matches_and_why(run: Run, tmp_path: Path) -> None:
    result = run("route", "explain", str(write_study(tmp_path / "study")))
    assert result.exit_code == 0, result.output
    assert "rule breast-ultrasound matches" in result.output
    assert "wants Modality = US, sees US" in result.output


def test_explain_says_why_no_rule_matches(run: Run, tmp_path: Path, configuration: Path) -> None:
    configuration.write_text(configuration.read_text().replace("Modality: US", "Modality: MG"))
    result = run("route", "explain", "--json", str(write_study(tmp_path / "study")))
    (study,) = json.loads(result.output)
    assert study["reason"] == "no rule matches: rule breast-ultrasound wants Modality = MG, this study has US"
    assert study["rules"][0]["matched"] is False


def test_explain_of_a_folder_without_dicom_fails(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = run("route", "explain", str(tmp_path / "empty"))
    assert (result.exit_code, "no DICOM files" in result.output) == (1, True)


def test_explain_asks_as_if_the_study_had_come_to_an_ae_title(
    run: Run, tmp_path: Path, configuration: Path
) -> None:
    text = configuration.read_text()
    configuration.write_text(text.replace("    when:", "    called_ae_title: PREREAD_URGENT\n    when:"))
    folder = str(write_study(tmp_path / "study"))
    without = run("route", "explain", folder)
    assert "wants called AE title = PREREAD_URGENT, sees no called AE title" in without.output
    result = run("route", "explain", "--called-ae-title", "PREREAD_URGENT", folder)
    assert "rule breast-ultrasound matches" in result.output


@pytest.fixture
def shadowed(configuration: Path) -> None:
    """A rule that has us-next in the shadow of us-mass."""
    both = "classifiers: [us-mass]\n    shadow: [us-next]"
    configuration.write_text(configuration.read_text().replace("classifiers: [us-mass]", both))


def promote(tmp_path: Path) -> None:
    """us-next takes the place of us-mass."""
    ledger = Ledger(f"sqlite:///{tmp_path / 'data' / 'ledger.sqlite3'}")
    ledger.upgrade()
    with ledger.begin() as tx:
        tx.promotions.add(Promotion("us-next", "us-mass", "op", datetime(2026, 11, 28, tzinfo=UTC), {}))
    ledger.close()


PROMOTED = "us-next promoted over us-mass by op on 2026-11-28"


@pytest.mark.usefixtures("shadowed")
def test_explain_says_what_would_run_before_and_after_a_promotion(run: Run, tmp_path: Path) -> None:
    folder = str(write_study(tmp_path / "study"))
    (before,) = json.loads(run("route", "explain", "--json", folder).output)
    assert not (tmp_path / "data").exists()
    promote(tmp_path)
    (after,) = json.loads(run("route", "explain", "--json", folder).output)

    named = ("classifiers", "shadows", "priority", "promotions")
    assert [before[key] for key in named] == [{"us-mass": ["pacs"]}, ["us-next"], "routine", []]
    assert [after[key] for key in named] == [{"us-next": ["pacs"]}, ["us-mass"], "routine", [PROMOTED]]
    shown = run("route", "explain", folder).output
    assert "routine: us-next runs, results to pacs" in shown
    assert "in the shadow: us-mass" in shown
    assert PROMOTED in shown


@pytest.mark.usefixtures("shadowed")
def test_explain_says_so_where_the_ledger_does_not_answer(
    run: Run, tmp_path: Path, configuration: Path
) -> None:
    away = f"ledger: {{url: 'sqlite:///{tmp_path}'}}\n"  # a folder, which is no database
    configuration.write_text(configuration.read_text() + away)
    result = run("route", "explain", "--json", str(write_study(tmp_path / "study")))
    (study,) = json.loads(result.stdout)
    assert (study["classifiers"], study["promotions"]) == ({"us-mass": ["pacs"]}, None)
    assert "promotions are left out" in result.stderr


def test_a_promotion_holds_on_under_a_draft(
    run: Run, received: str, tmp_path: Path, configuration: Path
) -> None:
    path = draft(configuration, "classifiers: [us-mass]", "classifiers: [us-mass]\n    shadow: [us-next]")
    assert json.loads(run("route", "test", path, "--json").output)["differences"] == []
    promote(tmp_path)
    (difference,) = json.loads(run("route", "test", path, "--json").output)["differences"]
    assert (difference["now"], difference["draft"]) == (
        "routine: us-mass to pacs",
        "routine: us-next to pacs",
    )


@pytest.fixture
def received(tmp_path: Path) -> str:
    """A study that the service has received."""
    ledger = Ledger(f"sqlite:///{tmp_path / 'data' / 'ledger.sqlite3'}")
    ledger.upgrade()
    store = FilesystemStore(tmp_path / "data" / "store")
    uid = receive(ledger, store, phantom())
    assemble(ledger, store)
    old = [ds for ds in phantom()]
    for number, ds in enumerate(old):
        ds.StudyInstanceUID, ds.SOPInstanceUID = "1.2.3", f"1.2.3.{number}"
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    receive(ledger, store, old, at=datetime.now(UTC) - timedelta(days=40))
    ledger.close()
    return uid


def draft(configuration: Path, before: str, after: str) -> str:
    path = configuration.with_name("draft.yaml")
    path.write_text(configuration.read_text().replace(before, after))
    return str(path)


def test_a_draft_that_changes_nothing_is_told_so(run: Run, received: str, configuration: Path) -> None:
    result = run("route", "test", draft(configuration, "breast-ultrasound", "another-name"))
    assert result.exit_code == 0, result.output
    assert "0 of 1 studies of the last 30d would go elsewhere" in result.output


@pytest.mark.parametrize(
    ("before", "after", "then"),
    [
        ("Modality: US", "Modality: MG", "not analysed"),
        ("classifiers: [us-mass]", "classifiers: [us-other]", "routine: us-other to pacs"),
        ("    when:", "    priority: urgent\n    when:", "urgent: us-mass to pacs"),
        ("destinations: [pacs]", "destinations: []", "routine: us-mass to nobody"),
    ],
)
def test_studies_that_go_elsewhere_are_shown(
    run: Run, received: str, configuration: Path, before: str, after: str, then: str
) -> None:
    result = run("route", "test", draft(configuration, before, after), "--json")
    (difference,) = json.loads(result.output)["differences"]
    assert (difference["study_instance_uid"], difference["now"], difference["draft"]) == (
        received,
        "routine: us-mass to pacs",
        then,
    )
    assert received in run("route", "test", draft(configuration, before, after)).output.replace("\n", "")


def test_older_studies_are_looked_at_where_that_is_asked_for(
    run: Run, received: str, configuration: Path
) -> None:
    path = draft(configuration, "Modality: US", "Modality: MG")
    assert json.loads(run("route", "test", path, "--last", "60d", "--json").output)["studies"] == 2


def test_a_span_that_is_none_is_refused(run: Run, received: str, configuration: Path) -> None:
    result = run("route", "test", str(configuration), "--last", "soon")
    assert result.exit_code != 0
    assert "30d or 12h" in str(result.exception or result.output)
