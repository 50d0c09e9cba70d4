from typing import Any

from tests.faults.held import SC_CLASS, SR_CLASS, held_in
from tests.faults.seen import Heatmap, Held, Report


def item(sop_class: str, uid: str) -> dict[str, str]:
    return {"ReferencedSOPClassUID": sop_class, "ReferencedSOPInstanceUID": uid}


def referenced(*items: dict[str, str]) -> list[dict[str, Any]]:
    return [{"ReferencedSeriesSequence": [{"ReferencedSOPSequence": [one]} for one in items]}]


def test_reports_and_heatmaps_are_found_and_images_are_not() -> None:
    report = {
        "SOPClassUID": SR_CLASS,
        "SOPInstanceUID": "sr",
        "SeriesInstanceUID": "series",
        "CurrentRequestedProcedureEvidenceSequence": referenced(item(SC_CLASS, "h"), item("us", "image")),
        "PredecessorDocumentsSequence": referenced(item(SR_CLASS, "earlier")),
    }
    heatmap = {
        "SOPClassUID": SC_CLASS,
        "SOPInstanceUID": "h",
        "SourceImageSequence": [item("us", "image")],
    }
    image = {"SOPClassUID": "us", "SOPInstanceUID": "image"}

    assert held_in([report, heatmap, image]) == Held(
        (Report("sr", "series", frozenset({"image"}), frozenset({"h"}), frozenset({"earlier"})),),
        (Heatmap("h", "image"),),
    )
