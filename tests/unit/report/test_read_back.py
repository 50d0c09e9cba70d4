"""What the SR says, read back by highdicom's own reader, is what the ledger holds."""

from io import BytesIO

import numpy as np
from highdicom import sr

from service.report.documents import codes
from service.study.result import Lesion
from tests.unit.report.builders import (
    OTHER_IMAGE_UID,
    OUTLINE,
    as_received,
    header,
    objects_of,
    result,
    score_of,
)

LESION = Lesion(((50.0, 35.0), (70.0, 35.0), (70.0, 50.0)), 14.6, 9.2)


def test_scores_regions_sides_and_sizes_are_those_of_the_result() -> None:
    sources = [as_received(header()), as_received(header(uid=OTHER_IMAGE_UID))]
    found = result(
        score_of(sources[0], lesion=LESION, finds_lesions=True),
        score_of(sources[1], laterality="R", probability=0.042, positive=False, category="3"),
    )
    built = next(one for one in objects_of(found, *sources) if one.kind == "sr")

    document = sr.srread(BytesIO(built.data))

    groups = document.content.get_planar_roi_measurement_groups()
    assert len(groups) == len(found.scores) + len(found.by_side())
    for group, score in zip(groups, found.scores, strict=False):
        (probability,) = group.get_measurements(codes.PROBABILITY_OF_CANCER)
        assert float(probability.value) == round(100 * score.probability, 1)
        assert probability.unit == codes.PERCENT
        (category,) = group.get_qualitative_evaluations(codes.ASSESSMENT_CATEGORY)
        assert category.value == codes.assessment(score.category)
        (site,) = group.finding_sites
        assert site.topographical_modifier is None
        assert site.laterality == codes.LATERALITIES[score.laterality]
        points = np.array(score.shown_outline)
        np.testing.assert_allclose(group.roi.value[: len(points)], points)
        referenced = group.roi.ContentSequence[0].referenced_sop_instance_uid
        assert referenced == score.sop_instance_uid
    (long_axis,) = groups[0].get_measurements(codes.LONG_AXIS)
    (short_axis,) = groups[0].get_measurements(codes.SHORT_AXIS)
    assert (float(long_axis.value), float(short_axis.value)) == (14.6, 9.2)
    assert groups[1].get_measurements(codes.LONG_AXIS) == []
    assert groups[0].finding_type == codes.LESION
    assert groups[1].finding_type == codes.SELECTED_REGION
    assert tuple(map(tuple, groups[1].roi.value[:-1])) == OUTLINE


def test_each_breast_s_maximum_is_there() -> None:
    sources = [as_received(header()), as_received(header(uid=OTHER_IMAGE_UID))]
    found = result(score_of(sources[0]), score_of(sources[1], probability=0.3, positive=False))
    built = next(one for one in objects_of(found, *sources) if one.kind == "sr")

    groups = sr.srread(BytesIO(built.data)).content.get_planar_roi_measurement_groups()

    (breast,) = [one for one in groups if one.tracking_identifier == "Left breast"]
    (probability,) = breast.get_measurements(codes.PROBABILITY_OF_CANCER)
    assert (float(probability.value), probability.derivation) == (87.3, codes.MAXIMUM)
    assert breast.roi.ContentSequence[0].referenced_sop_instance_uid == found.scores[0].sop_instance_uid
