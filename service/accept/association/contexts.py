"""What this SCP agrees to receive: SOP Classes of breast imaging and the transfer syntaxes for them."""

from collections.abc import Mapping, Sequence
from typing import Any

from pynetdicom import build_context, register_uid
from pynetdicom.service_class import StorageServiceClass
from pynetdicom.sop_class import uid_to_service_class

from service.net.storage_commitment import STORAGE_COMMITMENT

VERIFICATION = "1.2.840.10008.1.1"
MODALITY_PERFORMED_PROCEDURE_STEP = "1.2.840.10008.3.1.2.3.3"
OTHER_SOP_CLASSES: dict[str, str] = {
    VERIFICATION: "Verification SOP Class",
    MODALITY_PERFORMED_PROCEDURE_STEP: "Modality Performed Procedure Step SOP Class",
    STORAGE_COMMITMENT: "Storage Commitment Push Model SOP Class",
}
"""SOP Class UID to name (PS3.4 annex A.4) of what is served beside storage."""
EITHER_ROLE = frozenset({STORAGE_COMMITMENT})
"""Where a peer may be the SCP: of storage commitment, when it reports on what we have sent to it."""
UNCOMPRESSED = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
"""Transfer syntaxes of what is served beside storage."""

STORAGE_SOP_CLASSES: dict[str, str] = {
    "1.2.840.10008.5.1.4.1.1.6.1": "Ultrasound Image Storage",
    "1.2.840.10008.5.1.4.1.1.3.1": "Ultrasound Multi-frame Image Storage",
    "1.2.840.10008.5.1.4.1.1.6.2": "Enhanced US Volume Storage",
    "1.2.840.10008.5.1.4.1.1.6": "Ultrasound Image Storage",  # retired
    "1.2.840.10008.5.1.4.1.1.3": "Ultrasound Multi-frame Image Storage",  # retired
    "1.2.840.10008.5.1.4.1.1.1.2": "Digital Mammography X-Ray Image Storage - For Presentation",
    "1.2.840.10008.5.1.4.1.1.1.2.1": "Digital Mammography X-Ray Image Storage - For Processing",
    "1.2.840.10008.5.1.4.1.1.13.1.3": "Breast Tomosynthesis Image Storage",
    "1.2.840.10008.5.1.4.1.1.13.1.4": "Breast Projection X-Ray Image Storage - For Presentation",
    "1.2.840.10008.5.1.4.1.1.13.1.5": "Breast Projection X-Ray Image Storage - For Processing",
    "1.2.840.10008.5.1.4.1.1.1": "Computed Radiography Image Storage",
    "1.2.840.10008.5.1.4.1.1.1.1": "Digital X-Ray Image Storage - For Presentation",
    "1.2.840.10008.5.1.4.1.1.1.1.1": "Digital X-Ray Image Storage - For Processing",
    "1.2.840.10008.5.1.4.1.1.2": "CT Image Storage",
    "1.2.840.10008.5.1.4.1.1.2.1": "Enhanced CT Image Storage",
    "1.2.840.10008.5.1.4.1.1.4": "MR Image Storage",
    "1.2.840.10008.5.1.4.1.1.4.1": "Enhanced MR Image Storage",
    "1.2.840.10008.5.1.4.1.1.7": "Secondary Capture Image Storage",
    "1.2.840.10008.5.1.4.1.1.7.1": "Multi-frame Single Bit Secondary Capture Image Storage",
    "1.2.840.10008.5.1.4.1.1.7.2": "Multi-frame Grayscale Byte Secondary Capture Image Storage",
    "1.2.840.10008.5.1.4.1.1.7.3": "Multi-frame Grayscale Word Secondary Capture Image Storage",
    "1.2.840.10008.5.1.4.1.1.7.4": "Multi-frame True Color Secondary Capture Image Storage",
}
"""SOP Class UID to name (PS3.4 annex B.5). Old ultrasound machines still send the retired ones."""

TRANSFER_SYNTAXES: dict[str, str] = {
    "1.2.840.10008.1.2.1": "Explicit VR Little Endian",
    "1.2.840.10008.1.2": "Implicit VR Little Endian",
    "1.2.840.10008.1.2.1.99": "Deflated Explicit VR Little Endian",
    "1.2.840.10008.1.2.4.70": (
        "JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14 [Selection Value 1])"
    ),
    "1.2.840.10008.1.2.4.57": "JPEG Lossless, Non-Hierarchical (Process 14)",
    "1.2.840.10008.1.2.4.80": "JPEG-LS Lossless Image Compression",
    "1.2.840.10008.1.2.4.90": "JPEG 2000 Image Compression (Lossless Only)",
    "1.2.840.10008.1.2.4.201": "High-Throughput JPEG 2000 Image Compression (Lossless Only)",
    "1.2.840.10008.1.2.4.202": (
        "High-Throughput JPEG 2000 with RPCL Options Image Compression (Lossless Only)"
    ),
    "1.2.840.10008.1.2.5": "RLE Lossless",
    "1.2.840.10008.1.2.4.50": "JPEG Baseline (Process 1)",
    "1.2.840.10008.1.2.4.51": "JPEG Extended (Process 2 and 4)",
    "1.2.840.10008.1.2.4.81": "JPEG-LS Lossy (Near-Lossless) Image Compression",
    "1.2.840.10008.1.2.4.91": "JPEG 2000 Image Compression",
    "1.2.840.10008.1.2.4.203": "High-Throughput JPEG 2000 Image Compression",
}
"""Transfer Syntax UID to name (PS3.6 annex A)."""


Supported = Mapping[str, tuple[str, ...]]
"""Abstract syntax to its transfer syntaxes, the preferred one first."""


def supported_contexts(extra_sop_classes: Sequence[str] = ()) -> dict[str, tuple[str, ...]]:
    """What the SCP takes part in: storage, built-in and configured, and what is served beside it."""
    storage = dict.fromkeys([*STORAGE_SOP_CLASSES, *extra_sop_classes], tuple(TRANSFER_SYNTAXES))
    return storage | dict.fromkeys(OTHER_SOP_CLASSES, UNCOMPRESSED)


def presentation_contexts(supported: Supported) -> list[Any]:
    """The same as pynetdicom takes it. Storage classes that it does not know are made known to it."""
    for sop_class_uid in supported.keys() - OTHER_SOP_CLASSES.keys():
        _serve_as_storage(sop_class_uid)
    contexts = [build_context(uid, list(transfer_syntaxes)) for uid, transfer_syntaxes in supported.items()]
    for context in contexts:
        if context.abstract_syntax in EITHER_ROLE:
            context.scu_role = context.scp_role = True
    return contexts


def _serve_as_storage(sop_class_uid: str) -> None:
    """Make retired and private classes known to pynetdicom, which aborts when another one is stored."""
    if uid_to_service_class(sop_class_uid) is not StorageServiceClass:
        register_uid(sop_class_uid, "Storage_" + sop_class_uid.replace(".", "_"), StorageServiceClass)
