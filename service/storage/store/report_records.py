"""What was reported of a study, beside its images in the instance store: so a ledger that is lost can be made
again with its results, and what was sent is known to be the same when it is sent once more.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any

import structlog

from service.storage.ledger.tables.analyses import Analysis
from service.storage.ledger.tables.deliveries import StoredObject
from service.storage.store.port import InstanceStore
from service.study.model import Priority
from service.study.result import AnalysisResult
from service.study.state import AnalysisState

log = structlog.get_logger()

REPORTS = "reports/"
"""Of the instance store; each study has a folder of its own."""
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class ReportRecord:
    """One classifier's analysis of one revision, and the objects that were written of it."""

    analysis: Analysis
    objects: tuple[StoredObject, ...]


def keep_record(store: InstanceStore, record: ReportRecord) -> None:
    """Keep it, in place of an earlier one of the same revision. Raises OutOfSpace, StoreUnavailable."""
    analysis = record.analysis
    key = f"{REPORTS}{analysis.study_instance_uid}/{analysis.revision}-{analysis.classifier}.json"
    store.put(key, json.dumps(_encoded(record), separators=(",", ":")).encode())


def records_of(store: InstanceStore, study_instance_uid: str) -> Iterator[ReportRecord]:
    """All records of a study, the oldest revision first. One that cannot be read is logged and left out: the
    study is then analysed as if it had never been.

    Raises StoreUnavailable.
    """
    found: list[ReportRecord] = []
    for kept in store.walk(f"{REPORTS}{study_instance_uid}/"):
        try:
            found.append(_decoded(json.loads(store.get(kept.key))))
        except (KeyError, TypeError, ValueError) as error:
            log.warning(
                "record of a report cannot be read",
                study_instance_uid=study_instance_uid,
                error=type(error).__name__,
            )
    yield from sorted(found, key=lambda one: (one.analysis.revision, one.analysis.classifier))


def _encoded(record: ReportRecord) -> dict[str, Any]:
    analysis = record.analysis
    result = analysis.result.to_json() if analysis.result else None
    return {
        "schema_version": SCHEMA_VERSION,
        "analysis": _with_moments(asdict(replace(analysis, result=None))) | {"result": result},
        "objects": [_with_moments(asdict(one)) for one in record.objects],
    }


def _with_moments(values: dict[str, Any]) -> dict[str, Any]:
    """As JSON has them."""
    return {name: one.isoformat() if isinstance(one, datetime) else one for name, one in values.items()}


def _decoded(body: dict[str, Any]) -> ReportRecord:
    """Of an older version, too: fields are only ever added. What a newer one has added is passed over."""
    values = _known(Analysis, body["analysis"])
    finished_at = values["finished_at"]
    analysis = Analysis(
        **values
        | {
            "state": AnalysisState(values["state"]),
            "destinations": tuple(values["destinations"]),
            "series_instance_uids": tuple(values["series_instance_uids"]),
            "priority": Priority(values["priority"]),
            "result": AnalysisResult.from_json(values["result"]) if values["result"] else None,
            "queued_at": datetime.fromisoformat(values["queued_at"]),
            "finished_at": datetime.fromisoformat(finished_at) if finished_at else None,
        }
    )
    return ReportRecord(analysis, tuple(map(_object, body["objects"])))


def _object(values: dict[str, Any]) -> StoredObject:
    known = _known(StoredObject, values)
    return StoredObject(**known | {"created_at": datetime.fromisoformat(known["created_at"])})


def _known(kind: type, values: dict[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in values.items() if name in names}
