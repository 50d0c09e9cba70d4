"""Key Object Selection (PS3.3 A.35.4, TID 2010): the suspicious images of a study and their heatmaps."""

from collections.abc import Sequence

from highdicom import ko, sr
from pydicom.dataset import Dataset

from service.report import codes
from service.report.context import ReportContext
from service.report.source import referenced_requests
from service.report.text import long_string, percent
from service.report.uids import device_uid, series_uid

SERIES_NUMBER = 9104


def build_key_objects(context: ReportContext, key_objects: Sequence[Dataset], sop_instance_uid: str) -> bytes:
    """As a Part 10 file. `key_objects` are references as `source.reference` makes them, heatmaps first."""
    content = ko.KeyObjectSelection(
        document_title=codes.OF_INTEREST,
        referenced_objects=key_objects,
        observer_device_context=sr.ObserverContext(
            observer_type=codes.DEVICE,
            observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
                uid=device_uid(context.settings), name=context.title
            ),
        ),
        description=(
            f"{context.title}: images at or above the operating point of "
            f"{percent(context.result.classifier.threshold)} %, and heatmaps. Automated, not reviewed."
        ),
    )
    ds = ko.KeyObjectSelectionDocument(
        evidence=key_objects,
        content=content,
        series_instance_uid=series_uid(context.result, "key-objects"),
        series_number=SERIES_NUMBER,
        series_description=long_string(f"AI key images {context.title}"),
        sop_instance_uid=sop_instance_uid,
        instance_number=1,
        requested_procedures=referenced_requests(context.header) or None,
        **context.attributes(),
    )
    for item in ds.ContentSequence:
        if "ReferencedSOPSequence" in item:
            item.ValueType = "IMAGE"  # highdicom cannot see it from a reference
            del item.ConceptNameCodeSequence  # TID 2010 row 8 forbids the name that it gives
    return context.finish(ds)
