"""Which images a classifier must not see, by their header. What it was not made for is not scored."""

from pydicom.dataset import Dataset
from pydicom.uid import UID

from service.dicom.body_part import body_part
from service.dicom.ultrasound import region_refusal
from service.dicom.values import integer, text
from service.infer.port import Criteria

# SOP Class UIDs below 1.2.840.10008.5.1.4.1.1 by their next components (PS3.4 B.5).
_STORAGE = "1.2.840.10008.5.1.4.1.1."
_KINDS_NOT_READ = {
    "7": "a secondary capture, such as a screenshot or another program's result",
    "11": "a presentation state, which has no image",
    "88": "a structured report, which has no image",
    "66": "a segmentation or registration, which is a result",
    "30": "a parametric map, which is a result",
    "6.2": "an ultrasound volume; single planes are read",
    "104": "an encapsulated document",
    "9": "a waveform, which has no image",
}


def refusal(ds: Dataset, criteria: Criteria, reader: str, assume_body_part: str = "") -> str | None:
    """Why the image with this header is outside `criteria`, in words for a person; None where it is inside.

    `reader` is the classifier's name; `assume_body_part` counts where the header names no body part at all.
    Nothing that may be patient data is quoted.
    """
    return (
        _kind_refusal(ds)
        or _modality_refusal(ds, criteria, reader)
        or _body_part_refusal(ds, criteria, assume_body_part)
        or (region_refusal(ds) if text(ds, "Modality").upper() == "US" else None)
    )


def _kind_refusal(ds: Dataset) -> str | None:
    uid = text(ds, "SOPClassUID")
    for beginning, kind in _KINDS_NOT_READ.items():
        if uid == _STORAGE + beginning or uid.startswith(f"{_STORAGE}{beginning}."):
            return f"the instance is {kind}"
    if not integer(ds, "Rows") or not integer(ds, "Columns"):
        return f"the instance has no image ({UID(uid).name[:64] or 'its SOP Class is missing'})"
    if text(ds, "PresentationIntentType").upper() == "FOR PROCESSING":
        return "the image is raw (FOR PROCESSING); send the one FOR PRESENTATION"
    return None


def _modality_refusal(ds: Dataset, criteria: Criteria, reader: str) -> str | None:
    modality = text(ds, "Modality").upper()
    if modality in criteria.modalities:
        return None
    reads = f"{reader} reads {', '.join(criteria.modalities)}"
    return (
        f"modality {modality[:16]}: {reads}" if modality else f"the header does not say the modality: {reads}"
    )


def _body_part_refusal(ds: Dataset, criteria: Criteria, assume_body_part: str) -> str | None:
    part = body_part(ds)
    assumed = assume_body_part if not part.name and not part.is_ambiguous else ""
    if not criteria.body_parts or (part.name or assumed) in criteria.body_parts:
        return None
    wanted = " or ".join(part.lower() for part in criteria.body_parts)
    if part.is_ambiguous:
        return (
            f"{part.attribute} names the {wanted} and another body part, and nothing says which one this "
            f"image shows; {_how_to_fix(criteria)}"
        )
    if part.name:
        return f"the header says that this is another body part: {part.name} ({part.attribute})"
    return (
        f"the header does not say that this is a {wanted} (BodyPartExamined is missing); "
        f"{_how_to_fix(criteria)}"
    )


def _how_to_fix(criteria: Criteria) -> str:
    return (
        f"let the scanner fill in Body Part Examined with {' or '.join(criteria.body_parts)}, give the "
        "protocol a name that says so, or set assume_body_part in the rule"
    )
