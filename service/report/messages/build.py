"""The messages of a result, each a result object that is kept, sent and proven like the others."""

from collections.abc import Callable, Collection, Iterator, Mapping
from hashlib import sha256

from service.config.profiles import MESSAGES, MessageKind, ObjectKind
from service.report.messages.fhir import build_fhir
from service.report.messages.hl7 import build_hl7
from service.report.messages.said import Said
from service.report.messages.webhook import build_webhook
from service.report.report_object import ReportObject, report_object
from service.report.uids import message_uid, series_uid

_BUILDERS: Mapping[MessageKind, Callable[[Said], bytes]] = {
    "hl7": build_hl7,
    # One report for all revisions: what is told later takes the place of what was told before.
    "fhir": lambda said: build_fhir(said, series_uid(said.result, "fhir")),
    "webhook": build_webhook,
}


def message_objects(said: Said, kinds: Collection[ObjectKind]) -> Iterator[ReportObject]:
    """Those of `kinds` that are messages, of a result or of what a person says of it."""
    for kind in (kind for kind in MESSAGES if kind in kinds):
        data = _BUILDERS[kind](said)
        uid = message_uid(said.result, kind, sha256(data).hexdigest())
        yield report_object(said.result, kind, "", uid, data)
