"""Key Object Selection (PS3.3 A.35.4, TID 2010): suspicious images with their heatmaps; what is replaced."""

from collections.abc import Sequence

from highdicom import ko, sr
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import (
    ColorSoftcopyPresentationStateStorage,
    Comprehensive3DSRStorage,
    EncapsulatedPDFStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    KeyObjectSelectionDocumentStorage,
    MammographyCADSRStorage,
)

from service.report.context import ReportContext
from service.report.documents import codes
from service.report.source import referenced_requests
from service.report.text import long_string, percent
from service.report.uids import device_uid, series_uid

_SERIES_NUMBERS = {"key-objects": 9104, "rejection": 9108}
_NO_IMAGES = (
    Comprehensive3DSRStorage,
    MammographyCADSRStorage,
    KeyObjectSelectionDocumentStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    ColorSoftcopyPresentationStateStorage,
    EncapsulatedPDFStorage,
)


def build_key_objects(context: ReportContext, key_objects: Sequence[Dataset], sop_instance_uid: str) -> bytes:
    """As a Part 10 file. `key_objects` are references as `source.reference` makes them, heatmaps first."""
    description = (
        f"{context.title}: images at or above the operating point of "
        f"{percent(context.result.classifier.threshold)} %, and heatmaps. Automated, not reviewed."
    )
    return _selection(context, "key-objects", codes.OF_INTEREST, description, key_objects, sop_instance_uid)


def build_rejection(
    context: ReportContext, rejected: Sequence[Dataset], sop_instance_uid: str, why: str
) -> bytes:
    """A rejection note (IHE IOCM) on result objects: a PACS that knows such hides them."""
    description = f"{context.title}: {why}."
    return _selection(
        context, "rejection", codes.REJECTED_FOR_QUALITY, description, rejected, sop_instance_uid
    )


def _selection(
    context: ReportContext,
    kind: str,
    title: Code,
    description: str,
    key_objects: Sequence[Dataset],
    sop_instance_uid: str,
) -> bytes:
    content = ko.KeyObjectSelection(
        document_title=title,
        referenced_objects=key_objects,
        observer_device_context=sr.ObserverContext(
            observer_type=codes.DEVICE,
            observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
                uid=device_uid(context.settings), name=context.title
            ),
        ),
        description=description,
    )
    ds = ko.KeyObjectSelectionDocument(
        evidence=key_objects,
        content=content,
        series_instance_uid=series_uid(context.result, kind),
        series_number=_SERIES_NUMBERS[kind],
        series_description=long_string(f"AI {kind} {context.title}"),
        sop_instance_uid=sop_instance_uid,
        instance_number=1,
        requested_procedures=referenced_requests(context.header) or None,
        **context.attributes(),
    )
    for item in ds.ContentSequence:
        if "ReferencedSOPSequence" in item:
            (named,) = item.ReferencedSOPSequence  # highdicom cannot see from a reference what it is
            item.ValueType = "COMPOSITE" if named.ReferencedSOPClassUID in _NO_IMAGES else "IMAGE"
            del item.ConceptNameCodeSequence  # TID 2010 row 8 forbids the name that it gives
    return context.finish(ds)
