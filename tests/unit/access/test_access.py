from datetime import UTC, datetime
from xml.etree.ElementTree import fromstring

import pytest

from service.access.audit_message import audit_message
from service.access.person import Person, Way, somebody
from service.access.records import Account, Action, AuditEvent
from service.access.roles import PERMISSIONS, Permission, Role, permissions_of
from service.access.secrets import TOKEN_PREFIX, digest, hashed, is_right, new_secret
from service.errors import ConfigurationError

NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


def test_only_a_radiologists_word_is_an_assessment() -> None:
    assert [role for role in Role if Permission.ASSESS in PERMISSIONS[role]] == [Role.RADIOLOGIST]


def test_patients_are_hidden_from_masked_roles_only() -> None:
    assert Permission.PATIENTS in permissions_of(Role.SERVICE, ())
    assert Permission.PATIENTS not in permissions_of(Role.SERVICE, (Role.SERVICE,))
    assert Permission.PATIENTS in permissions_of(Role.RADIOLOGIST, (Role.SERVICE,))


@pytest.mark.parametrize("weak", ["short", "a" * 300, "aaaaaaaaaaaaaaaa", "xxx-anna-xxx-123"])
def test_a_weak_password_is_refused(weak: str) -> None:
    with pytest.raises(ConfigurationError):
        hashed(weak, "anna")


def test_a_password_is_right_or_wrong() -> None:
    kept = hashed("correct horse battery", "anna")
    assert "correct" not in kept
    assert is_right("correct horse battery", kept)
    assert not is_right("correct horse batteri", kept)
    assert not is_right("correct horse battery", None)
    assert not is_right("correct horse battery", "no hash")


def test_secrets_differ_and_are_kept_as_digests() -> None:
    first, second = new_secret(TOKEN_PREFIX), new_secret(TOKEN_PREFIX)
    assert first != second
    assert first.startswith("preread_")
    assert digest(first) != digest(second)
    assert first not in digest(first)


@pytest.mark.parametrize(
    ("name", "full_name"), [("Anna", "Anna"), ("a b", "A"), ("anna", "Änne"), ("anna", "")]
)
def test_an_account_that_cannot_be_named_is_refused(name: str, full_name: str) -> None:
    with pytest.raises(ConfigurationError):
        Account(name, full_name, Role.SERVICE, "", disabled=False, created_at=NOW)


def test_a_study_is_told_who_did_it() -> None:
    known = Person("anna", "Anna Berg", "radiologist", frozenset(), Way.SESSION, "10.0.0.7")
    assert known.told() == "anna (radiologist)"
    assert somebody("10.0.0.7").told() == "somebody on the worklist page (from 10.0.0.7)"


@pytest.mark.parametrize("action", Action)
def test_every_action_has_a_dicom_audit_message(action: Action) -> None:
    event = AuditEvent(NOW, action, "anna", "radiologist", "10.0.0.7", "1.2.3", "a & b", succeeded=False)
    message = fromstring(audit_message(event, "preread-1"))  # noqa: S314 - made right here
    assert [child.tag for child in message] == [
        "EventIdentification",
        "ActiveParticipant",
        "AuditSourceIdentification",
        "ParticipantObjectIdentification",
    ]
    event_id = message.find("EventIdentification/EventID")
    participant = message.find("ActiveParticipant")
    study = message.find("ParticipantObjectIdentification")
    assert event_id is not None
    assert participant is not None
    assert study is not None
    assert event_id.attrib["codeSystemName"] == "DCM"
    assert event_id.attrib["csd-code"].startswith("1101")
    assert message[0].attrib["EventOutcomeIndicator"] == "4"
    assert message[0].attrib["EventDateTime"] == "2026-05-04T08:00:00.000+00:00"
    assert message[0].findtext("EventOutcomeDescription") == f"{action}: a & b"
    assert (participant.attrib["UserID"], participant.attrib["NetworkAccessPointID"]) == ("anna", "10.0.0.7")
    assert study.attrib["ParticipantObjectID"] == "1.2.3"
