"""A dataset as it goes over the wire: no preamble, no file meta information."""

from io import BytesIO

from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.sequence import Sequence

from service.dicom.elements import ElementWalk, Encoding
from service.dicom.identity import is_safe_uid
from service.dicom.quiet import quiet
from service.dicom.values import text, value_of
from service.errors import NotDicom

_IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
_LAST_TAG = 0xFFFEFFFF
_END = b"\xff\xff\xff\xff" + bytes(4)
"""Begins an element beyond the last tag. A walk takes it for that when the element before has ended."""


def read_encoded(encoded_dataset: bytes, transfer_syntax_uid: str) -> Dataset:
    """The dataset, in Implicit or Explicit VR Little Endian; without bytes an empty one.

    Ask for its values by `service.dicom.values`. Raises NotDicom, whatever the bytes are.
    """
    is_implicit = transfer_syntax_uid == _IMPLICIT_VR_LITTLE_ENDIAN
    if not _is_whole(encoded_dataset, Encoding(is_implicit, little_endian=True)):
        raise NotDicom("the dataset ends within an element: it is damaged or cut off")
    try:
        with quiet():
            return read_dataset(BytesIO(encoded_dataset), is_implicit_VR=is_implicit, is_little_endian=True)
    except Exception as error:  # a parser of hostile bytes raises anything, RecursionError too
        raise NotDicom(
            f"the dataset cannot be read ({type(error).__name__}): it is damaged, or not in the transfer "
            "syntax that was agreed"
        ) from error


def sequence_items(ds: Dataset, keyword: str) -> list[Dataset]:
    """All items of a sequence, however many: for datasets whose length is bounded."""
    value = value_of(ds, keyword)
    return list(value) if isinstance(value, Sequence) else []


def referenced_instances(ds: Dataset, keyword: str) -> list[tuple[str, str]]:
    """SOP Class UID and SOP Instance UID of each item of a sequence of references (PS3.3 table 10-11).

    Raises NotDicom where one of them is absent or is not a UID.
    """
    with quiet():  # once, not for each of thousands of values
        items = sequence_items(ds, keyword)
        references = [
            (text(item, "ReferencedSOPClassUID"), text(item, "ReferencedSOPInstanceUID")) for item in items
        ]
    if not all(is_safe_uid(uid) for pair in references for uid in pair):
        raise NotDicom(f"an item of {keyword} does not name an instance by its two UIDs")
    return references


def _is_whole(encoded_dataset: bytes, encoding: Encoding) -> bool:
    """Whether the last element ends with the dataset: pydicom makes another UID of one that is cut off."""
    walk = ElementWalk(encoding, (), _LAST_TAG)
    walk.feed(encoded_dataset)
    begins_no_more = walk.ended
    walk.feed(_END)
    return walk.ended and not begins_no_more
