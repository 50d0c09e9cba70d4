"""One result object, ready to be kept and sent."""

from dataclasses import dataclass

from service.config.profiles import ObjectKind
from service.report.uids import series_uid
from service.study.result import AnalysisResult


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


def report_object(
    result: AnalysisResult,
    kind: ObjectKind,
    sop_class_uid: str,
    sop_instance_uid: str,
    data: bytes,
    instance_number: int = 1,
) -> ReportObject:
    """An object of this result, in the series of its kind."""
    return ReportObject(
        kind=kind,
        classifier=result.classifier.name,
        sop_class_uid=sop_class_uid,
        sop_instance_uid=sop_instance_uid,
        series_instance_uid=series_uid(result, kind),
        instance_number=instance_number,
        data=data,
    )
