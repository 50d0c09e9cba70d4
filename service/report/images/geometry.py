"""Where an image, or one frame of several, lies in the patient: what segmentations and maps take over."""

from collections.abc import Iterator

from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, UltrasoundImageStorage

from service.report.source import copy_element, image_reference

_FRAME_OF_REFERENCE = ("FrameOfReferenceUID", "PositionReferenceIndicator")
_PLACE = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness")
_OF_MANY = ("NumberOfFrames", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
_GROUPS = ("PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence")


def frame_reference(header: Dataset, frame_number: int | None) -> Dataset:
    """`image_reference` of one frame as of an image of its own, with its place in the patient where known.

    highdicom takes one frame of many only with such a place; a cine has none. So it sees a single-frame class
    that it knows; `name_frame` then gives back the class and the number of the frame.
    """
    ds = image_reference(header)
    for keyword in _OF_MANY:
        ds.pop(keyword, None)
    place = place_of(header, frame_number)
    ds.SOPClassUID = CTImageStorage if place else UltrasoundImageStorage
    ds.update(place or Dataset())
    return ds


def place_of(header: Dataset, frame_number: int | None) -> Dataset | None:
    """Frame of reference, position, orientation, spacing and thickness of an image or of one of its frames.

    None where one of them is missing (PS3.3 C.7.4.1, C.7.6.2; in groups C.7.6.16.2).
    """
    place = Dataset()
    for keyword in _FRAME_OF_REFERENCE:
        copy_element(header, place, keyword)
    for source in _sources(header, frame_number):
        for keyword in (*_PLACE, "SpacingBetweenSlices"):
            copy_element(source, place, keyword)
    is_known = all(place.get(keyword) for keyword in ("FrameOfReferenceUID", *_PLACE))
    return place if is_known else None


def name_frame(ds: Dataset, header: Dataset, frame_number: int | None) -> None:
    """Where `ds` names the instance of `header` as the source of its pixels, say which frame that is."""
    if frame_number is None:
        return
    ds.SourceImageSequence = [_frame_item(item, frame_number) for item in ds.SourceImageSequence]
    for frame in ds.PerFrameFunctionalGroupsSequence:
        for derivation in frame.DerivationImageSequence:
            for item in derivation.SourceImageSequence:
                if item.ReferencedSOPInstanceUID == header.SOPInstanceUID:
                    item.ReferencedFrameNumber = frame_number


def _frame_item(item: Dataset, frame_number: int) -> Dataset:
    """A copy with the number: highdicom has put the same item where none may be."""
    named = Dataset()
    named.update(item)
    named.ReferencedFrameNumber = frame_number
    return named


def _sources(header: Dataset, frame_number: int | None) -> Iterator[Dataset]:
    """What may hold the place: the header itself, or the groups of all frames and of this one."""
    if frame_number is None:
        yield header
        return
    shared = header.get("SharedFunctionalGroupsSequence") or []
    per_frame = header.get("PerFrameFunctionalGroupsSequence") or []
    for group in (*shared[:1], *per_frame[frame_number - 1 : frame_number]):
        for keyword in _GROUPS:
            yield from group.get(keyword) or []
