"""Result objects in the instance store."""

from collections.abc import Mapping
from datetime import UTC, datetime

from pydicom.dataset import Dataset

from service.config.profiles import ObjectKind
from service.report.report_object import ReportObject
from service.report.source import reference
from service.storage.ledger.tables.deliveries import StoredObject
from service.storage.store.port import InstanceStore
from service.study.result import AnalysisResult

_SUFFIXES: Mapping[ObjectKind, str] = {"hl7": "hl7", "fhir": "json", "webhook": "json"}
"""Of files that are no DICOM objects."""


def reference_to_kept(stored: StoredObject) -> Dataset:
    """`source.reference` for a result object."""
    return reference(
        stored.study_instance_uid, stored.series_instance_uid, stored.sop_class_uid, stored.sop_instance_uid
    )


def kept(store: InstanceStore, result: AnalysisResult, built: ReportObject, fault: str) -> StoredObject:
    """Keep the bytes of an object. Those of one that is there already may have been sent: they stay."""
    suffix = _SUFFIXES.get(built.kind, "dcm")
    key = f"objects/{result.study_instance_uid}/{built.sop_instance_uid}.{suffix}"
    if not store.exists(key):
        store.put(key, built.data)
    return StoredObject(
        sop_instance_uid=built.sop_instance_uid,
        study_instance_uid=result.study_instance_uid,
        revision=result.revision,
        classifier=result.classifier.name,
        kind=built.kind,
        sop_class_uid=built.sop_class_uid,
        series_instance_uid=built.series_instance_uid,
        key=key,
        created_at=datetime.now(UTC),
        fault=fault,
    )
