from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from service.access.records import Account
from service.access.roles import Role
from service.config import Settings
from service.wiring.adapters import open_ledger
from service.wiring.doctor.people import look_at_access
from tests.unit.wiring.doctor.told import check_words, outcomes, settings_in

HTTPS = {"bind": "0.0.0.0", "public_url": "https://preread.hospital"}


def with_account(settings: Settings, role: Role, disabled: bool = False) -> None:
    account = Account("ann", "Ann", role, "hash", disabled, datetime.now(UTC))
    with closing(open_ledger(settings)) as ledger, ledger.begin() as tx:
        tx.accounts.add(account)


def look(settings: Settings) -> dict[str, list[str]]:
    return outcomes(check_words(look_at_access(settings)))


def test_page_on_loopback_needs_no_account(tmp_path: Path) -> None:
    assert look(settings_in(tmp_path))["worklist"] == ["ok"]


@pytest.mark.parametrize(
    ("role", "disabled", "outcome"),
    [
        (Role.ADMINISTRATOR, False, "ok"),
        (Role.RADIOLOGIST, False, "warning"),
        (Role.ADMINISTRATOR, True, "failed"),
    ],
)
def test_page_for_others_needs_accounts(tmp_path: Path, role: Role, disabled: bool, outcome: str) -> None:
    settings = settings_in(tmp_path, worklist=HTTPS)
    with_account(settings, role, disabled)
    assert look(settings)["accounts"] == [outcome]


def test_page_for_others_without_a_ledger_lets_nobody_in(tmp_path: Path) -> None:
    assert look(settings_in(tmp_path, worklist=HTTPS))["accounts"] == ["failed"]


def test_page_for_others_without_tls_is_told(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, worklist={"bind": "0.0.0.0"})
    with_account(settings, Role.ADMINISTRATOR)
    assert look(settings)["worklist"] == ["warning"]


@pytest.mark.parametrize(
    ("worklist", "outcome"),
    [({"bind": "0.0.0.0"}, "failed"), (HTTPS, "warning"), ({}, "warning")],
)
def test_page_without_sign_in_is_told(tmp_path: Path, worklist: dict[str, Any], outcome: str) -> None:
    assert look(settings_in(tmp_path, worklist=worklist | {"sign_in": "never"}))["worklist"] == [outcome]


@pytest.mark.parametrize(
    ("accept", "outcome"),
    [
        ({}, "warning"),
        ({"bind": "127.0.0.1"}, "ok"),
        ({"allowed_hosts": ["10.0.0.0/8"]}, "ok"),
        ({"only_listed_peers": True, "peers": [{"ae_title": "CT"}]}, "ok"),
    ],
)
def test_who_may_send_should_be_restricted(tmp_path: Path, accept: dict[str, Any], outcome: str) -> None:
    assert look(settings_in(tmp_path, accept=accept))["senders"] == [outcome]


@pytest.mark.parametrize(
    ("stow", "outcome"),
    [({}, "ok"), ({"bind": "0.0.0.0"}, "failed"), ({"bind": "0.0.0.0", "tokens_file": "tokens"}, "ok")],
)
def test_stow_for_everybody_fails(tmp_path: Path, stow: dict[str, Any], outcome: str) -> None:
    settings = settings_in(tmp_path, accept={"stow": stow | {"enabled": True}})
    assert look(settings)["STOW-RS"] == [outcome]


def test_metrics_for_everybody_are_told(tmp_path: Path) -> None:
    assert look(settings_in(tmp_path, metrics={"bind": "0.0.0.0"}))["metrics"] == ["warning"]
    assert "metrics" not in look(settings_in(tmp_path))
