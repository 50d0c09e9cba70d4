"""Read what came back, from the objects alone, as a PACS or a viewer would."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import Comprehensive3DSRStorage

# Concept names (PS3.16 annex D) by which the values are found in the report's tree.
PROBABILITY_OF_CANCER = "111047"
ASSESSMENT_CATEGORY = "111005"
LATERALITY = "272741003"


@dataclass(frozen=True, slots=True)
class ReportedImage:
    """One measurement group of a Structured Report. `probability_percent` is 0 to 100."""

    source_uid: str
    probability_percent: float
    category: str
    side: str


@dataclass(frozen=True, slots=True)
class ReturnedObject:
    """One result object as the PACS keeps it."""

    path: Path
    dataset: Dataset

    @property
    def is_report(self) -> bool:
        """Whether it is the Structured Report."""
        return bool(self.dataset.SOPClassUID == Comprehensive3DSRStorage)


def returned_objects(folder: Path, study_instance_uid: str) -> list[ReturnedObject]:
    """The objects of a study in the PACS's folder, the report first."""
    found = [ReturnedObject(path, dcmread(path)) for path in sorted(folder.glob("*.dcm"))]
    of_study = [one for one in found if one.dataset.StudyInstanceUID == study_instance_uid]
    return sorted(of_study, key=lambda one: (not one.is_report, one.dataset.get("InstanceNumber", 0)))


def reported_images(report: Dataset) -> list[ReportedImage]:
    """Every measurement group that states a probability of cancer for a region of an image."""
    return [
        ReportedImage(
            source_uid=source_uid,
            probability_percent=float(values[PROBABILITY_OF_CANCER]),
            category=values.get(ASSESSMENT_CATEGORY, "none"),
            side=values.get(LATERALITY, "not given"),
        )
        for group in _walk(report)
        if PROBABILITY_OF_CANCER in (values := _values_of_group(group))
        and (source_uid := _source_uid(group))  # without a region it sums up a breast
    ]


def save_heatmap(heatmap: Dataset, path: Path) -> None:
    """Write an RGB secondary capture as PNG."""
    Image.fromarray(heatmap.pixel_array).save(path)


def _walk(item: Dataset) -> Iterator[Dataset]:
    yield item
    for child in item.get("ContentSequence", []):
        yield from _walk(child)


def _values_of_group(group: Dataset) -> dict[str, str]:
    """The values in and under the items of one container, by concept code; nothing of an inner container."""
    if group.get("ValueType") != "CONTAINER":
        return {}
    values: dict[str, str] = {}
    for child in group.get("ContentSequence", []):
        if child.ValueType != "CONTAINER":
            values |= {_concept(item): _value(item) for item in _walk(child)}
    return values


def _concept(item: Dataset) -> str:
    names = item.get("ConceptNameCodeSequence")
    return str(names[0].CodeValue) if names else ""


def _value(item: Dataset) -> str:
    if item.ValueType == "NUM":
        return str(item.MeasuredValueSequence[0].NumericValue)
    if item.ValueType == "CODE":
        return str(item.ConceptCodeSequence[0].CodeMeaning)
    return ""


def _source_uid(group: Dataset) -> str:
    """The image from which the group's region was taken."""
    for item in _walk(group):
        if item.get("ValueType") == "IMAGE" and item.get("RelationshipType") == "SELECTED FROM":
            return str(item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID)
    return ""
