"""The SR's scores: a measurement group (TID 1410) for each image, and one for each breast.

Each has a region: viewers attach a score to an image through it only, and OHIF 3.13 shows nothing at all of
an SR in which one group has none.
"""

import numpy as np
from highdicom import sr
from pydicom.sr.coding import Code
from pydicom.uid import SecondaryCaptureImageStorage, UltrasoundImageStorage, UltrasoundMultiFrameImageStorage

from service.report.context import ReportContext
from service.report.documents import codes
from service.report.images.region import region_of
from service.report.text import long_string, percent
from service.report.uids import side_tracking_uid, tracking_uid
from service.study.result import ImageScore


def image_group(
    context: ReportContext, score: ImageScore, number: int, heatmap_uid: str
) -> sr.PlanarROIMeasurementsAndQualitativeEvaluations:
    """One image's score with its region and its heatmap.

    The region is the lesion's outline, with its diameters; where none was found, that of the hot region or,
    where the heatmap is flat, the rectangle that was analysed.
    """
    group = sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(tracking_uid(context.result, score), f"Image {number}"),
        referenced_region=image_region(score),
        finding_type=codes.SELECTED_REGION if score.lesion is None else codes.LESION,
        finding_sites=[breast_site(score.laterality)],
        algorithm_id=_algorithm(context),
        measurements=[_probability(score), *_diameters(score)],
        qualitative_evaluations=_category(score),
    )
    explanation = sr.ImageContentItem(
        name=codes.VISUAL_EXPLANATION,
        referenced_sop_class_uid=SecondaryCaptureImageStorage,
        referenced_sop_instance_uid=heatmap_uid,
        relationship_type=sr.RelationshipTypeValues.CONTAINS,
    )
    group[0].ContentSequence.append(explanation)
    return group


def breast_group(
    context: ReportContext, side: str, most_suspicious: ImageScore
) -> sr.PlanarROIMeasurementsAndQualitativeEvaluations:
    """One breast's highest probability, with the image and the region it is from.

    `side` is "L", "R" or "" (not given).
    """
    name = {"L": "Left breast", "R": "Right breast"}.get(side, "Breast, side not given")
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(side_tracking_uid(context.result, side), name),
        referenced_region=image_region(most_suspicious),
        finding_sites=[breast_site(side)],
        algorithm_id=_algorithm(context),
        measurements=[_probability(most_suspicious, derivation=codes.MAXIMUM)],
        qualitative_evaluations=_category(most_suspicious),
    )


def image_region(score: ImageScore) -> sr.ImageRegion:
    """The outline of a score, on its image or frame."""
    # highdicom looks the class up in tables without the retired ones: give one it knows, then restore.
    known = UltrasoundImageStorage if score.frame_number is None else UltrasoundMultiFrameImageStorage
    source = sr.SourceImageForRegion(known, score.sop_instance_uid, _frames(score))
    region = sr.ImageRegion(
        sr.GraphicTypeValues.POLYLINE, np.array(region_of(score), dtype=np.float64), source
    )
    region.ContentSequence[0].ReferencedSOPSequence[0].ReferencedSOPClassUID = score.sop_class_uid
    return region


def breast_site(laterality: str) -> sr.FindingSite:
    """`laterality` is "L", "R" or ""."""
    return sr.FindingSite(codes.BREAST, laterality=codes.LATERALITIES.get(laterality))


def _algorithm(context: ReportContext) -> sr.AlgorithmIdentification:
    identity = context.result.classifier
    return sr.AlgorithmIdentification(
        name=context.title,
        version=long_string(identity.version),
        parameters=[
            f"operating point {percent(identity.threshold)} %",
            f"weights SHA-256 {identity.weights_sha256}",
        ],
        family=codes.ARTIFICIAL_INTELLIGENCE,
        manufacturer=long_string(context.settings.manufacturer),
    )


def _probability(score: ImageScore, derivation: Code | None = None) -> sr.Measurement:
    image = sr.SourceImageForMeasurement(score.sop_class_uid, score.sop_instance_uid, _frames(score))
    return sr.Measurement(
        name=codes.PROBABILITY_OF_CANCER,
        value=percent(score.probability),
        unit=codes.PERCENT,
        derivation=derivation,
        referenced_images=[image],
    )


def _diameters(score: ImageScore) -> list[sr.Measurement]:
    diameters_mm = score.lesion.diameters_mm if score.lesion else None
    if diameters_mm is None:
        return []
    image = sr.SourceImageForMeasurement(score.sop_class_uid, score.sop_instance_uid, _frames(score))
    return [
        sr.Measurement(name, round(length_mm, 1), codes.MILLIMETER, referenced_images=[image])
        for name, length_mm in zip((codes.LONG_AXIS, codes.SHORT_AXIS), diameters_mm, strict=True)
    ]


def _category(score: ImageScore) -> list[sr.QualitativeEvaluation]:
    if not score.category:
        return []
    return [sr.QualitativeEvaluation(codes.ASSESSMENT_CATEGORY, codes.assessment(score.category))]


def _frames(score: ImageScore) -> list[int] | None:
    return None if score.frame_number is None else [score.frame_number]
