"""UIDs of the result objects: names of what they hold, so that the same result gets the same UID again.

A PACS may answer 0x0000 to other content under a UID it knows and keep the old one. So an instance's UID is
made from everything a reader can see but the time of writing: two different results never share one.
Form: `2.25.` and a name-based UUID as a decimal, at most 44 characters (PS3.5 B.2).
"""

import hashlib
import json
import uuid
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from service.config import ReportSettings
from service.study.result import AnalysisResult, ImageScore

WRITER_VERSION = "0.1.0"
"""The release that last changed what the objects look like. Raise it with every such change."""
_NAMESPACE = uuid.UUID("83a1f0bb-51f9-47f4-9b1c-66f4fd7ad0c6")
"""Drawn once. Another value would give every result object a second UID."""


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def uid_for(**key: Any) -> str:
    """The UID of `key`, whose values are JSON types."""
    return f"2.25.{uuid.uuid5(_NAMESPACE, _canonical(key)).int}"


def digest(content: Any) -> str:
    """SHA-256 of `content`, which is of JSON types, as hexadecimal."""
    return hashlib.sha256(_canonical(content).encode("ascii")).hexdigest()


def device_uid(settings: ReportSettings) -> str:
    """The UID of this installation as an observer (TID 1004 row 1)."""
    return uid_for(
        kind="device", manufacturer=settings.manufacturer, serial_number=settings.device_serial_number
    )


def series_uid(result: AnalysisResult, kind: str) -> str:
    """The series for all objects of `kind` that this classifier makes of this study, at whatever revision.

    Viewers that show the newest report of a series then show the one that replaces the others.
    """
    return uid_for(kind=f"{kind} series", **_analysis(result))


def tracking_uid(result: AnalysisResult, score: ImageScore) -> str:
    """The UID under which an image's score is followed: it stays when other images join the study."""
    return uid_for(
        kind="tracking",
        classifier=_classifier(result),
        study=result.study_instance_uid,
        image=[score.sop_instance_uid, score.frame_number],
    )


def side_tracking_uid(result: AnalysisResult, side: str) -> str:
    """The same for the summary of one breast."""
    return uid_for(
        kind="tracking", classifier=_classifier(result), study=result.study_instance_uid, side=side
    )


def heatmap_uid(result: AnalysisResult, score: ImageScore, content_digest: str) -> str:
    """The heatmap of one image that shows what `content_digest` stands for, whatever else the study holds."""
    image = [score.sop_instance_uid, score.frame_number or 0]
    return uid_for(kind="heatmap", sources=[image], content=content_digest, **_analysis(result))


def object_uid(result: AnalysisResult, kind: str, scores: Iterable[ImageScore], fixed: Any) -> str:
    """An object that shows these scores, in a form that `kind` and the `fixed` settings decide."""
    shown = [shown_of(score) for score in scores]
    return uid_for(kind=kind, content=digest([fixed, shown]), **_analysis(result))


def message_uid(result: AnalysisResult, kind: str, content_digest: str) -> str:
    """A message of these bytes."""
    return uid_for(kind=kind, content=content_digest, **_analysis(result))


def shown_of(score: ImageScore) -> dict[str, Any]:
    """What a reader may see of a score, as JSON types."""
    frames = tuple(replace(frame, heatmap_key="") for frame in score.frames)
    return asdict(replace(score, heatmap_key="", frames=frames))


def report_uid(result: AnalysisResult, content_digest: str) -> str:
    """The report on these images that says what `content_digest` stands for."""
    scored = [[score.sop_instance_uid, score.frame_number or 0] for score in result.scores]
    refused = [[refusal.sop_instance_uid, 0] for refusal in result.refusals]
    sources = sorted(scored + refused)
    return uid_for(kind="sr", sources=sources, content=content_digest, **_analysis(result))


def _analysis(result: AnalysisResult) -> dict[str, Any]:
    return {
        "writer": WRITER_VERSION,
        "classifier": _classifier(result),
        "study": result.study_instance_uid,
    }


def _classifier(result: AnalysisResult) -> list[Any]:
    identity = result.classifier
    return [identity.name, identity.version, identity.weights_sha256, identity.threshold]
