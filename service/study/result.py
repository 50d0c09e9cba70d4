"""What a classifier found in a study: one score or one refusal per image, and what follows for the breast.

Values are plain so that they can be kept as JSON; heatmaps lie in the instance store under `heatmap_key`.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Self

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class ClassifierIdentity:
    """Which classifier made a result. `threshold` is its operating point on the calibrated probability."""

    name: str
    version: str
    title: str
    weights_sha256: str
    threshold: float


@dataclass(frozen=True, slots=True)
class AnalysedRegion:
    """The part of an image that was analysed, in pixels: left and top included, right and bottom not."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Lesion:
    """What a classifier found in an image. `outline` is a closed polygon as in ImageScore; the longest
    diameter and the extent across it are None where the header does not say how large pixels are.
    """

    outline: tuple[Point, ...]
    long_axis_mm: float | None
    short_axis_mm: float | None

    @property
    def diameters_mm(self) -> tuple[float, float] | None:
        """Both of them, the longer one first, where they are known."""
        if self.long_axis_mm is None or self.short_axis_mm is None:
            return None
        return self.long_axis_mm, self.short_axis_mm


@dataclass(frozen=True, slots=True)
class CompanionImage:
    """An image of another study of the patient."""

    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class FrameScore:
    """One frame of a cine, by its number from 1. `heatmap_key` as in ImageScore, empty for none."""

    number: int
    probability: float
    heatmap_key: str


@dataclass(frozen=True, slots=True)
class ImageScore:
    """One image, or one frame of a cine, scored.

    `probability` is calibrated, 0 to 1. `laterality` is "L", "R" or "" where the header does not say.
    `frame_number` counts from 1 and is None for a single-frame image. `heatmap_key` names a gray PNG over the
    region, of any size, 0 to 255 of its maximum. `outline` is the closed polygon round the hot region as
    (column, row) in pixels of the source image; empty where the heatmap is flat. `finds_lesions` says whether
    the classifier looks for lesions; then `lesion` is None where it found none. `companion`: the image that
    was judged together with this one, where the classifier looks at two studies. `frames`: all that were
    scored of a cine, of which this is the most suspicious; only the hottest of them have a heatmap.
    """

    sop_instance_uid: str
    sop_class_uid: str
    frame_number: int | None
    laterality: str
    probability: float
    positive: bool
    category: str
    region: AnalysedRegion
    heatmap_key: str
    outline: tuple[Point, ...]
    finds_lesions: bool = False
    lesion: Lesion | None = None
    companion: CompanionImage | None = None
    frames: tuple[FrameScore, ...] = ()

    @property
    def shown_outline(self) -> tuple[Point, ...]:
        """The lesion's outline where one was found, else that of the hot region."""
        return self.outline if self.lesion is None else self.lesion.outline


@dataclass(frozen=True, slots=True)
class ImageRefusal:
    """One image that was not analysed, and why, in words for a person."""

    sop_instance_uid: str
    reason: str


@dataclass(frozen=True, slots=True)
class AnalysisResult:
    """Everything one classifier says of one revision of a study."""

    study_instance_uid: str
    revision: int
    classifier: ClassifierIdentity
    scores: tuple[ImageScore, ...]
    refusals: tuple[ImageRefusal, ...]
    finished_at: datetime
    schema_version: int = 1

    def to_json(self) -> dict[str, Any]:
        """This result as JSON types."""
        scores = [_score_to_json(score) for score in self.scores]
        rest = asdict(replace(self, scores=()))
        return rest | {"scores": scores, "finished_at": self.finished_at.isoformat()}

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Self:
        """The result that `to_json` wrote, also in an older version: fields are only ever added."""
        return cls(
            study_instance_uid=body["study_instance_uid"],
            revision=body["revision"],
            classifier=ClassifierIdentity(**body["classifier"]),
            scores=tuple(_score_from_json(score) for score in body["scores"]),
            refusals=tuple(ImageRefusal(**refusal) for refusal in body["refusals"]),
            finished_at=datetime.fromisoformat(body["finished_at"]),
            schema_version=body.get("schema_version", 1),
        )

    def says_the_same(self, other: Self) -> bool:
        """Whether both are of one classifier and of the same images, with the same scores and refusals, in
        whatever order.
        """
        return self._in_order() == other._in_order()

    def _in_order(self) -> tuple[Any, ...]:
        scores = sorted(self.scores, key=lambda one: (one.sop_instance_uid, one.frame_number or 0))
        refusals = sorted(self.refusals, key=lambda one: one.sop_instance_uid)
        return self.classifier, scores, refusals

    @property
    def most_suspicious(self) -> ImageScore | None:
        """The image with the highest probability: it speaks for the study."""
        return most_suspicious(self.scores)

    def by_side(self) -> dict[str, ImageScore]:
        """The most suspicious image of each breast, keyed "L", "R" or "" (side not given)."""
        sides = sorted({score.laterality for score in self.scores})
        found = {side: most_suspicious(s for s in self.scores if s.laterality == side) for side in sides}
        return {side: score for side, score in found.items() if score is not None}

    def refusal_summary(self) -> str:
        """The reasons of all refusals, each once, with the number of images it holds for."""
        reasons = [refusal.reason for refusal in self.refusals]
        counted = {reason: reasons.count(reason) for reason in reasons}
        return "; ".join(
            reason if count == 1 else f"{reason} ({count} images)" for reason, count in counted.items()
        )


def most_suspicious(scores: Iterable[ImageScore]) -> ImageScore | None:
    """The score with the highest probability; the first of equals, None of nothing."""
    return max(scores, key=lambda score: score.probability, default=None)


def _score_to_json(score: ImageScore) -> dict[str, Any]:
    # asdict copies each point of each outline on its own, which takes longer than all the rest.
    body = asdict(replace(score, outline=(), lesion=None)) | {"outline": score.outline}
    if score.lesion is not None:
        body["lesion"] = asdict(replace(score.lesion, outline=())) | {"outline": score.lesion.outline}
    return body


def _score_from_json(body: dict[str, Any]) -> ImageScore:
    found = body.get("lesion")
    lesion = None if found is None else Lesion(**{**found, "outline": _points(found["outline"])})
    region, outline = AnalysedRegion(**body["region"]), _points(body["outline"])
    companion = CompanionImage(**body["companion"]) if body.get("companion") else None
    frames = tuple(FrameScore(**frame) for frame in body.get("frames", ()))
    changed = {
        "region": region,
        "outline": outline,
        "lesion": lesion,
        "companion": companion,
        "frames": frames,
    }
    return ImageScore(**body | changed)


def _points(pairs: Iterable[Iterable[float]]) -> tuple[Point, ...]:
    return tuple((float(column), float(row)) for column, row in pairs)
