import json
from pathlib import Path

from tests.unit.cli.conftest import Run
from tests.unit.pipeline import phantom


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
