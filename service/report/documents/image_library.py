"""The SR's list of the images it is about (TID 1600), which a reader fetches first.

Own items: highdicom's library refuses retired SOP classes and mammograms without Imager Pixel Spacing.
"""

from collections.abc import Sequence

from highdicom.sr import (
    CodeContentItem,
    ContainerContentItem,
    ContentItem,
    ContentSequence,
    ImageContentItem,
    NumContentItem,
    RelationshipTypeValues,
)
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from service.report.documents import codes


def image_library(headers: Sequence[Dataset], lateralities: Sequence[str]) -> ContainerContentItem:
    """The library of `headers`, one group (TID 1601), each with its side, "L", "R" or ""."""
    group = _container(codes.IMAGE_LIBRARY_GROUP)
    group.ContentSequence.extend(
        _entry(header, side) for header, side in zip(headers, lateralities, strict=True)
    )
    library = _container(codes.IMAGE_LIBRARY)
    library.ContentSequence.append(group)
    return library


def _container(name: Code) -> ContainerContentItem:
    container = ContainerContentItem(name, relationship_type=RelationshipTypeValues.CONTAINS)
    container.ContentSequence = ContentSequence()
    return container


def _entry(header: Dataset, laterality: str) -> ImageContentItem:
    entry = ImageContentItem(
        name=codes.SOURCE,
        referenced_sop_class_uid=header.SOPClassUID,
        referenced_sop_instance_uid=header.SOPInstanceUID,
        relationship_type=RelationshipTypeValues.CONTAINS,
    )
    entry.ContentSequence = ContentSequence(_descriptors(header, laterality))
    return entry


def _descriptors(header: Dataset, laterality: str) -> list[ContentItem]:
    """TID 1602: modality, side, rows and columns."""
    modality = codes.MODALITIES.get(header.get("Modality", ""), codes.OTHER_MODALITY)
    described = [(codes.MODALITY, modality)]
    if laterality in codes.LATERALITIES:
        described.append((codes.IMAGE_LATERALITY, codes.LATERALITIES[laterality]))
    context = RelationshipTypeValues.HAS_ACQ_CONTEXT
    return [
        *(CodeContentItem(name, value, context) for name, value in described),
        NumContentItem(codes.PIXEL_DATA_ROWS, header.Rows, codes.PIXELS, relationship_type=context),
        NumContentItem(codes.PIXEL_DATA_COLUMNS, header.Columns, codes.PIXELS, relationship_type=context),
    ]
