"""Audit events as DICOM audit messages (PS3.15 section A.5): XML that an audit repository takes."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from service.access.records import Action, AuditEvent


@dataclass(frozen=True, slots=True)
class _Code:
    """A coded value of PS3.16, coding scheme DCM."""

    value: str
    meaning: str


@dataclass(frozen=True, slots=True)
class _Kind:
    """How PS3.15 tells of an action: `action` is C, R, U, D or E (create, read, update, delete, execute)."""

    event: _Code
    action: str
    type: _Code | None = None


_AUTHENTICATION = _Code("110114", "User Authentication")
_ACCESSED = _Code("110103", "DICOM Instances Accessed")
_EXPORT = _Code("110106", "Export")
_QUERY = _Code("110112", "Query")
_ALERT = _Code("110113", "Security Alert")
_KINDS = {
    Action.SIGNED_IN: _Kind(_AUTHENTICATION, "E", _Code("110122", "Login")),
    Action.SIGN_IN_FAILED: _Kind(_AUTHENTICATION, "E", _Code("110122", "Login")),
    Action.SIGNED_OUT: _Kind(_AUTHENTICATION, "E", _Code("110123", "Logout")),
    Action.LISTED: _Kind(_QUERY, "E"),
    Action.LOOKED_UP: _Kind(_QUERY, "E"),
    Action.VIEWED: _Kind(_ACCESSED, "R"),
    Action.MADE_URGENT: _Kind(_ACCESSED, "U"),
    Action.RETRIED: _Kind(_ACCESSED, "U"),
    Action.SENT_AGAIN: _Kind(_ACCESSED, "U"),
    Action.DOWNLOADED: _Kind(_EXPORT, "R"),
    Action.ASSESSED: _Kind(_ACCESSED, "U"),
    Action.REFUSED: _Kind(_ALERT, "E", _Code("110132", "Use of Restricted Function")),
    Action.ACCOUNT_CHANGED: _Kind(_ALERT, "E", _Code("110137", "User security Attributes Changed")),
    Action.TOKEN_CHANGED: _Kind(_ALERT, "E", _Code("110137", "User security Attributes Changed")),
}
_SUCCESS, _MINOR_FAILURE = "0", "4"
_BY_ADDRESS = "2"
_SYSTEM_OBJECT, _REPORT_ROLE = "2", "3"


def audit_message(event: AuditEvent, source: str) -> bytes:
    """One message; `source` is what this installation is called."""
    kind = _KINDS[event.action]
    root = Element("AuditMessage")
    identification = SubElement(
        root,
        "EventIdentification",
        EventActionCode=kind.action,
        EventDateTime=event.at.isoformat(timespec="milliseconds"),
        EventOutcomeIndicator=_SUCCESS if event.succeeded else _MINOR_FAILURE,
    )
    _coded(identification, "EventID", kind.event)
    if kind.type is not None:
        _coded(identification, "EventTypeCode", kind.type)
    SubElement(identification, "EventOutcomeDescription").text = _words(event)
    person = SubElement(
        root,
        "ActiveParticipant",
        UserID=event.who or "anonymous",
        UserIsRequestor="true",
        NetworkAccessPointID=event.address or "unknown",
        NetworkAccessPointTypeCode=_BY_ADDRESS,
    )
    if event.role:
        _coded(person, "RoleIDCode", _Code(event.role, event.role), "99PREREAD")
    SubElement(root, "AuditSourceIdentification", AuditSourceID=source)
    if event.study_instance_uid:
        _study(root, event.study_instance_uid)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _words(event: AuditEvent) -> str:
    return f"{event.action}: {event.detail}" if event.detail else str(event.action)


def _coded(parent: Element, name: str, code: _Code, scheme: str = "DCM") -> None:
    coded = {"csd-code": code.value, "codeSystemName": scheme, "originalText": code.meaning}
    SubElement(parent, name, coded)


def _study(root: Element, uid: str) -> None:
    found = SubElement(
        root,
        "ParticipantObjectIdentification",
        ParticipantObjectID=uid,
        ParticipantObjectTypeCode=_SYSTEM_OBJECT,
        ParticipantObjectTypeCodeRole=_REPORT_ROLE,
    )
    _coded(found, "ParticipantObjectIDTypeCode", _Code("110180", "Study Instance UID"))
