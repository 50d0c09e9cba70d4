"""The tree of a Measurement Report (TID 1500): the images, groups of measurements, and words on them."""

from collections.abc import Iterable, Sequence

from highdicom import sr
from highdicom.sr.templates import Template
from pydicom.dataset import Dataset

from service.report.documents import codes
from service.report.uids import uid_for


def measurement_report(
    context: sr.ObservationContext,
    library: sr.ContainerContentItem,
    groups: Sequence[Template],
    statements: Iterable[str],
) -> Dataset:
    """The root item. Without groups there is no container for them."""
    report: Dataset = sr.MeasurementReport(
        observation_context=context,
        procedure_reported=codes.IMAGING_PROCEDURE,
        imaging_measurements=groups or [_placeholder()],
        title=codes.IMAGING_MEASUREMENT_REPORT,
    )[0]
    measurements = report.ContentSequence.pop()
    report.ContentSequence.append(library)  # TID 1500: row 5, before row 6
    if groups:
        report.ContentSequence.append(measurements)
    report.ContentSequence.append(_comments(statements))
    return report


def separate(item: Dataset) -> None:
    """Make every item a line of its own: renderers of CONTINUOUS content print values without their names."""
    if item.ValueType == "CONTAINER":
        item.ContinuityOfContent = "SEPARATE"
    for child in item.get("ContentSequence", []):
        separate(child)


def _placeholder() -> sr.MeasurementsAndQualitativeEvaluations:
    """Highdicom writes no report without a group. Where nothing was measured it is taken out again."""
    uid = uid_for(kind="placeholder")
    return sr.MeasurementsAndQualitativeEvaluations(tracking_identifier=sr.TrackingIdentifier(uid, "none"))


def _comments(statements: Iterable[str]) -> sr.ContainerContentItem:
    """TID 1500 rows 12 and 14."""
    container = sr.ContainerContentItem(
        codes.QUALITATIVE_EVALUATIONS, relationship_type=sr.RelationshipTypeValues.CONTAINS
    )
    container.ContentSequence = sr.ContentSequence(
        sr.TextContentItem(codes.COMMENT, text, sr.RelationshipTypeValues.CONTAINS) for text in statements
    )
    return container
