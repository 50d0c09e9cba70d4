"""One result object, ready to be kept and sent."""

from dataclasses import dataclass

from service.config.profiles import ObjectKind


@dataclass(frozen=True, slots=True)
class ReportObject:
    """`data` is the complete Part 10 file, Explicit VR Little Endian, or a message (without a SOP Class)."""

    kind: ObjectKind
    classifier: str
    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
    instance_number: int
    data: bytes
