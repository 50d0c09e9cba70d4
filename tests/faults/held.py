"""What Orthanc holds of a study, read over REST as another program would read it."""

from collections.abc import Iterator
from typing import Any

from tests.faults.seen import Heatmap, Held, Report
from tests.servers.orthanc import Orthanc

SR_CLASS, SC_CLASS = "1.2.840.10008.5.1.4.1.1.88.34", "1.2.840.10008.5.1.4.1.1.7"

Tags = dict[str, Any]


def held_by(orthanc: Orthanc, study_uid: str) -> Held:
    """The result objects of one study."""
    query = {"Level": "Instance", "Query": {"StudyInstanceUID": study_uid}}
    instances = [
        orthanc.rest("GET", f"/instances/{identifier}/simplified-tags")
        for identifier in orthanc.rest("POST", "/tools/find", query)
    ]
    return held_in(instances)


def held_in(instances: list[Tags]) -> Held:
    """The result objects among instances, each as Orthanc's simplified tags."""
    return Held(
        tuple(_report(tags) for tags in instances if tags["SOPClassUID"] == SR_CLASS),
        tuple(_heatmap(tags) for tags in instances if tags["SOPClassUID"] == SC_CLASS),
    )


def _report(tags: Tags) -> Report:
    evidence = [item for item in _referenced(tags, "CurrentRequestedProcedureEvidenceSequence")]
    return Report(
        tags["SOPInstanceUID"],
        tags["SeriesInstanceUID"],
        frozenset(uid for sop_class, uid in evidence if sop_class != SC_CLASS),
        frozenset(uid for sop_class, uid in evidence if sop_class == SC_CLASS),
        frozenset(uid for _, uid in _referenced(tags, "PredecessorDocumentsSequence")),
    )


def _heatmap(tags: Tags) -> Heatmap:
    (source,) = tags["SourceImageSequence"]
    return Heatmap(tags["SOPInstanceUID"], source["ReferencedSOPInstanceUID"])


def _referenced(tags: Tags, keyword: str) -> Iterator[tuple[str, str]]:
    """SOP Class and SOP Instance UID of each item of the macro SOP Instance Reference (PS3.3 C.17-3)."""
    for study in tags.get(keyword, []):
        for series in study["ReferencedSeriesSequence"]:
            for item in series["ReferencedSOPSequence"]:
                yield item["ReferencedSOPClassUID"], item["ReferencedSOPInstanceUID"]
