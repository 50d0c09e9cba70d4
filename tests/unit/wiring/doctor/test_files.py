"""Secrets and certificates."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from service.net.own_certificate import look_at_certificate
from service.wiring.doctor.certificates import look_at_certificates
from service.wiring.doctor.secret_files import look_at_secrets
from tests.servers.certificates import Hospital
from tests.unit.wiring.doctor.told import check_words, only, outcomes, settings_in


def secret(folder: Path, text: str, mode: int) -> Path:
    path = folder / "password"
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("text", "mode", "outcome"),
    [("secret", 0o600, "ok"), ("secret", 0o640, "ok"), ("secret", 0o644, "warning"), ("", 0o600, "failed")],
)
def test_secret_is_there_and_not_for_everybody(tmp_path: Path, text: str, mode: int, outcome: str) -> None:
    path = secret(tmp_path, text, mode)
    settings = settings_in(tmp_path, broker={"password_file": str(path)})
    found = only(check_words(look_at_secrets(settings, None)))
    assert (found.about, found.outcome) == ("broker.password_file", outcome)


def test_secret_that_is_not_there_fails(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, broker={"password_file": str(tmp_path / "none")})
    assert only(check_words(look_at_secrets(settings, None))).outcome == "failed"


@pytest.mark.parametrize(("mode", "outcome"), [(0o600, "ok"), (0o644, "warning")])
def test_configuration_with_a_password_is_a_secret(tmp_path: Path, mode: int, outcome: str) -> None:
    path = secret(tmp_path, "the configuration", mode)
    settings = settings_in(tmp_path, broker={"kind": "rabbitmq", "url": "amqp://preread:secret@broker/"})
    found = only(check_words(look_at_secrets(settings, path)))
    assert (found.outcome, "broker.url" in found.about) == (outcome, True)


def test_no_secret_is_no_fault(tmp_path: Path) -> None:
    assert only(look_at_secrets(settings_in(tmp_path), tmp_path)).outcome == "skipped"


def tls(certificate: Path, key: Path) -> dict[str, Any]:
    return {"certificate": str(certificate), "key": str(key)}


def test_certificates_of_both_sides_are_looked_at(tmp_path: Path, hospital: Hospital) -> None:
    good, expired = hospital.pacs, hospital.expired
    settings = settings_in(
        tmp_path,
        accept={"tls": tls(good.certificate, good.key) | {"client_certificates": "off"}},
        worklist={"tls": tls(expired.certificate, expired.key)},
        broker={"url": "amqps://broker/", "tls": tls(good.certificate, good.key)},
        destinations=[
            {"name": "one", "host": "one", "ae_title": "ONE", "tls": tls(expired.certificate, expired.key)},
            {"name": "two", "hl7": {"host": "two", "tls": tls(good.certificate, hospital.scanner.key)}},
        ],
    )
    found = check_words(look_at_certificates(settings))
    assert outcomes(found) == {
        "accept.tls": ["warning"],  # they are made for two days
        "worklist.tls": ["failed"],
        "broker.tls": ["warning"],
        "destinations.one.tls": ["failed"],
        "destinations.two.hl7.tls": ["failed"],
    }
    said = {one.about: one.seen for one in found}
    assert "ends on" in said["accept.tls"]
    assert said["worklist.tls"].endswith("it has ended")
    assert "KEY_VALUES_MISMATCH" in said["destinations.two.hl7.tls"]
    assert {f"{one}.key" for one in said} == set(outcomes(look_at_secrets(settings, None)))


def test_certificate_that_is_good_for_long_is_ok(tmp_path: Path, hospital: Hospital) -> None:
    long = hospital.authority.issue("long", days=400, hosts="DNS:localhost")
    settings = settings_in(tmp_path, worklist={"tls": tls(long.certificate, long.key)})
    assert only(check_words(look_at_certificates(settings))).outcome == "ok"


@pytest.mark.parametrize("of_server", [True, False])
def test_until_when_a_certificate_is_good_is_known_for_either_side(
    hospital: Hospital, of_server: bool
) -> None:
    found = look_at_certificate(hospital.pacs.certificate, hospital.pacs.key, of_server=of_server)
    assert found.problem == ""
    assert found.valid_until is not None
    assert timedelta(0) < found.valid_until - datetime.now(UTC) < timedelta(days=3)


def test_no_certificate_is_no_fault(tmp_path: Path) -> None:
    assert only(look_at_certificates(settings_in(tmp_path))).outcome == "skipped"
