import json
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from typer.testing import CliRunner

from service.cli.main import app
from service.errors import ConfigurationError
from tests.unit.cli.conftest import Run

PASSWORD = "correct horse battery\n"


@pytest.fixture
def typed(configuration: Path) -> Run:
    """As `run`, with a password on standard input."""

    def invoke(*arguments: str, password: str = PASSWORD) -> Any:
        arguments = ("--config", str(configuration), *arguments, "--password-stdin")
        return CliRunner().invoke(app, arguments, input=password)

    return invoke


def accounts(run: Run) -> list[dict[str, Any]]:
    return list(json.loads(run("account", "list", "--json").output))


def test_an_account_is_made_changed_and_disabled(run: Run, typed: Run) -> None:
    made = typed("account", "add", "anna", "--role", "radiologist", "--full-name", "Anna Berg")
    assert made.exit_code == 0, made.output
    anna = {"name": "anna", "full_name": "Anna Berg", "role": "radiologist", "disabled": False}
    assert accounts(run) == [anna]
    assert run("account", "role", "anna", "administrator").exit_code == 0
    assert run("account", "disable", "anna").exit_code == 0
    assert accounts(run) == [anna | {"role": "administrator", "disabled": True}]
    assert run("account", "enable", "anna").exit_code == 0
    assert typed("account", "password", "anna", password="another horse battery\n").exit_code == 0
    assert "horse" not in run("account", "list", "--json").output


@pytest.mark.parametrize(
    ("arguments", "password", "error"),
    [
        (("add", "anna", "--role", "service"), "short\n", "12 to 256"),
        (("add", "Anna", "--role", "service"), PASSWORD, "no account's name"),
        (("add", "anna", "--role", "service", "--full-name", "Änne"), PASSWORD, "observer's name"),
        (("password", "bob"), PASSWORD, "there is no account 'bob'"),
    ],
)
def test_what_cannot_be_is_refused(typed: Run, arguments: tuple[str, ...], password: str, error: str) -> None:
    result = typed("account", *arguments, password=password)
    assert isinstance(result.exception, ConfigurationError)
    assert error in str(result.exception)


def test_a_name_is_taken_once(typed: Run) -> None:
    assert typed("account", "add", "anna", "--role", "service").exit_code == 0
    assert "already" in str(typed("account", "add", "anna", "--role", "service").exception)


def test_without_a_terminal_a_password_is_read_on_request_only(run: Run) -> None:
    assert "--password-stdin" in str(run("account", "add", "anna", "--role", "service").exception)


def test_a_token_is_shown_once_and_revoked(run: Run) -> None:
    made = run("token", "add", "ris", "--scope", "badges:read", "--scope", "studies:read", "--days", "30")
    secret = made.stdout.strip()
    assert secret.startswith("preread_")
    listed = run("token", "list", "--json").output
    assert secret not in listed
    (token,) = json.loads(listed)
    assert (token["scopes"], token["valid"]) == (["badges:read", "studies:read"], True)
    assert run("token", "revoke", "ris").exit_code == 0
    assert json.loads(run("token", "list", "--json").output)[0]["valid"] is False
    assert "no valid token" in str(run("token", "revoke", "ris").exception)
    assert "already" in str(run("token", "add", "ris", "--scope", "badges:read").exception)


def test_the_audit_trail_is_listed_and_exported(run: Run, typed: Run, tmp_path: Path) -> None:
    typed("account", "add", "anna", "--role", "radiologist")
    (event,) = json.loads(run("audit", "list", "--json").output)
    assert (event["action"], event["detail"]) == ("account changed", "anna made, radiologist")
    assert "anna made" in run("audit", "list").output
    assert run("audit", "export", str(tmp_path / "a.xml"), "--source", "preread-1").exit_code == 0
    (line,) = (tmp_path / "a.xml").read_text().splitlines()
    source = fromstring(line).find("AuditSourceIdentification")  # noqa: S314 - made right here
    assert source is not None
    assert source.attrib["AuditSourceID"] == "preread-1"
    assert run("audit", "export", str(tmp_path / "a.json"), "--format", "json", "--last", "1h").exit_code == 0
    assert json.loads((tmp_path / "a.json").read_text())["who"] == event["who"]
