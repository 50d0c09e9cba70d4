import json
from pathlib import Path

import pytest

from service.errors import ConfigurationError
from tests.unit.cli.conftest import Run
from tests.unit.engines.answering_gpu import no_gpu


def test_check_accepts_a_good_configuration(run: Run) -> None:
    result = run("config", "check")
    assert (result.exit_code, "can be used" in result.output) == (0, True)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            ("Modality: US", "Modallity: US"),
            r"'Modallity' is not a DICOM keyword of PS3.6; did you mean Modality\?",
        ),
        (("[us-mass]", "[us-mas]"), "classifier us-mas, which is not installed; installed: .*us-mass"),
    ],
)
def test_check_names_what_rules_ask_for_and_is_not_there(
    run: Run, configuration: Path, change: tuple[str, str], complaint: str
) -> None:
    configuration.write_text(configuration.read_text().replace(*change))
    result = run("config", "check")
    assert isinstance(result.exception, ConfigurationError)
    with pytest.raises(ConfigurationError, match=complaint):
        raise result.exception


def test_show_masks_passwords(run: Run) -> None:
    result = run("config", "show", "--json")
    assert json.loads(result.output)["broker"]["url"] == "amqp://preread:***@broker:5672/%2F"
    assert "secret" not in run("config", "show").output


@pytest.mark.parametrize(
    ("infer", "complaint"),
    [
        ("backend: onnxruntime, precision: fp16", "does not compute in fp16; it offers fp32, int8"),
        ("backend: torch", r"checkpoint\.pt, which is not there"),
    ],
)
def test_check_names_an_engine_that_no_machine_can_have(
    run: Run, configuration: Path, infer: str, complaint: str
) -> None:
    configuration.write_text(f"{configuration.read_text()}\ninfer: {{{infer}}}\n")
    with pytest.raises(ConfigurationError, match=complaint):
        raise run("config", "check").exception


@pytest.mark.parametrize(
    ("backend", "note"),
    [
        ("auto", "would use onnxruntime"),
        ("tensorrt", "would not start: the backend tensorrt cannot run here"),
    ],
)
def test_check_says_what_a_worker_here_would_do(
    run: Run, configuration: Path, monkeypatch: pytest.MonkeyPatch, backend: str, note: str
) -> None:
    no_gpu(monkeypatch)
    configuration.write_text(f"{configuration.read_text()}\ninfer: {{backend: {backend}}}\n")
    result = run("config", "check")
    assert (result.exit_code, note in " ".join(result.output.split())) == (0, True)


def test_check_tells_of_reports_that_would_be_refused(run: Run, configuration: Path) -> None:
    text = configuration.read_text()
    configuration.write_text(text + "\nsend: {ae_title: ELSEWHERE}\n")
    told = " ".join(run("config", "check").output.split())
    assert "pacs sends reports of storage commitment to ELSEWHERE" in told
    configuration.write_text(text + "\nsend: {ae_title: ELSEWHERE}\naccept: {extra_ae_titles: [ELSEWHERE]}\n")
    assert "ELSEWHERE" not in run("config", "check").output
