import json
from pathlib import Path

import pytest

from service.errors import ConfigurationError
from tests.unit.cli.conftest import Run


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
