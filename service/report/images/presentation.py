"""A presentation state: the outline and the score over the source image itself, in viewers that show such.

Gray images take a Grayscale, colour ones a Color Softcopy Presentation State (PS3.3 A.33).
"""

from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from highdicom import pr
from highdicom.color import CIELabColor
from pydicom.dataset import Dataset
from pydicom.uid import ColorSoftcopyPresentationStateStorage, GrayscaleSoftcopyPresentationStateStorage

from service.report.context import ReportContext
from service.report.images.region import closed
from service.report.source import image_reference, name_source
from service.report.text import NOT_REVIEWED, long_string, percent
from service.report.uids import series_uid, tracking_uid
from service.study.result import ImageScore

SERIES_NUMBER = 9103
_LAYER = "AI RESULT"
_COLOUR = CIELabColor(75.0, 20.0, 75.0)
"""Amber: away from the gray of tissue, and told from it by those who see no red or green."""


def presentation_class(header: Dataset) -> str:
    """The SOP Class for a source image."""
    is_gray = str(header.get("PhotometricInterpretation", "")).startswith("MONOCHROME")
    return str(
        GrayscaleSoftcopyPresentationStateStorage if is_gray else ColorSoftcopyPresentationStateStorage
    )


def build_presentation(
    context: ReportContext, score: ImageScore, sop_instance_uid: str, number: int
) -> bytes:
    """As a Part 10 file. `context.header` is that of the source image."""
    source = image_reference(context.header)
    layer = pr.GraphicLayer(_LAYER, order=1, description=NOT_REVIEWED, display_color=_COLOUR)
    make, colours = _maker(source)
    ds = make(
        referenced_images=[source],
        series_instance_uid=series_uid(context.result, "presentation"),
        series_number=SERIES_NUMBER,
        series_description=long_string(f"AI outline {context.title}"),
        sop_instance_uid=sop_instance_uid,
        instance_number=number,
        content_label="AI_RESULT",
        content_description=NOT_REVIEWED,
        graphic_layers=[layer],
        graphic_annotations=[_annotation(context, score, source, layer)],
        **colours,
        **context.equipment(),
    )
    ds.PresentationCreationDate = context.date
    ds.PresentationCreationTime = context.time
    ds.ContentCreatorName = None  # type 2; a person's name, and no person made it
    ds.Laterality = None  # type 2C: one series holds both sides
    name_source(ds, context.header)
    return context.finish(ds)


def _maker(source: Dataset) -> tuple[type[pr.GrayscaleSoftcopyPresentationState], dict[str, Any]]:
    """Which kind fits the source, and what that kind needs."""
    if presentation_class(source) == ColorSoftcopyPresentationStateStorage:
        return pr.ColorSoftcopyPresentationState, {"icc_profile": _srgb()}
    return pr.GrayscaleSoftcopyPresentationState, {}


def _annotation(
    context: ReportContext, score: ImageScore, source: Dataset, layer: pr.GraphicLayer
) -> pr.GraphicAnnotation:
    outline = closed(score.shown_outline)
    says = pr.TextObject(_words(context, score), units="PIXEL", anchor_point=_beside(score))
    graphics = []
    if outline:
        tracking = tracking_uid(context.result, score)
        graphics.append(
            pr.GraphicObject(
                pr.GraphicTypeValues.POLYLINE,
                np.array(outline),
                units="PIXEL",
                tracking_id=f"Image {score.sop_instance_uid}"[:64],
                tracking_uid=tracking,
            )
        )
    return pr.GraphicAnnotation(
        referenced_images=[source],
        referenced_frame_number=score.frame_number,
        graphic_layer=layer,
        graphic_objects=graphics or None,
        text_objects=[says],
    )


def _words(context: ReportContext, score: ImageScore) -> str:
    """What stands beside the outline."""
    warning = "RESEARCH USE " if context.settings.is_research else ""
    return f"{warning}{context.title}: probability of cancer {percent(score.probability)} %"


def _beside(score: ImageScore) -> tuple[float, float]:
    points = score.shown_outline or ((float(score.region.left), float(score.region.top)),)
    return max(column for column, _ in points), min(row for _, row in points)


@cache
def _srgb() -> bytes:
    """Highdicom's own profile: Pillow's is stamped with the time, and would differ at each writing."""
    return files("highdicom").joinpath("_icc_profiles", "sRGB_v4_ICC_preference.icc").read_bytes()
