"""One received image, with what a classifier says of it."""

import json
from dataclasses import asdict, dataclass

from service.errors import PrereadError
from service.storage.ledger.ledger import Ledger
from service.study.model import ReceivedInstance
from service.study.result import AnalysisResult, ImageScore
from service.worklist.pictures.frames import Frames


@dataclass(frozen=True, slots=True)
class ScoredFrame:
    """A frame with a score. `heat_path` is the address of its heat, over `region` of the image."""

    number: int
    probability: float
    heat_path: str


@dataclass(frozen=True, slots=True)
class ViewedImage:
    """`frames` are those with heat; of a single-frame image, one or none. `outlined` has the outline."""

    study_instance_uid: str
    sop_instance_uid: str
    picture_path: str
    frame_count: int
    shown: int
    outlined: int
    score: ImageScore | None
    result: AnalysisResult | None
    frames: tuple[ScoredFrame, ...]

    @property
    def scored_json(self) -> str:
        """The frames with heat, for the page's script."""
        return json.dumps([asdict(one) for one in self.frames])

    @property
    def region_json(self) -> str:
        """The part of the image that was analysed; null where it was not."""
        return json.dumps(asdict(self.score.region) if self.score else None)

    @property
    def outline_json(self) -> str:
        """Of the lesion or the hot region, as [column, row]."""
        return json.dumps(self.score.shown_outline if self.score else ())


class Viewing:
    """Finds them."""

    def __init__(self, ledger: Ledger, frames: Frames) -> None:
        self._ledger = ledger
        self._frames = frames

    def instance(self, study_instance_uid: str, sop_instance_uid: str) -> ReceivedInstance | None:
        """The received image, if it is of this study."""
        with self._ledger.read() as tx:
            found = tx.instances.find(sop_instance_uid)
        return found if found and found.study_instance_uid == study_instance_uid else None

    def score(
        self, study_instance_uid: str, sop_instance_uid: str, classifier: str
    ) -> tuple[AnalysisResult, ImageScore] | None:
        """What the classifier last said of the image, if it has."""
        with self._ledger.read() as tx:
            result = tx.analyses.last_result(study_instance_uid, classifier)
        scores = result.scores if result else ()
        score = next((one for one in scores if one.sop_instance_uid == sop_instance_uid), None)
        return (result, score) if result and score else None

    def heat_key(self, score: ImageScore, frame: int) -> str:
        """Where the store keeps the frame's heat; empty where there is none."""
        keys = {one.number: one.heatmap_key for one in score.frames}
        keys[score.frame_number or 1] = score.heatmap_key
        return keys.get(frame, "")

    def image(self, instance: ReceivedInstance, classifier: str, frame: int | None) -> ViewedImage:
        """All that the page shows. Raises KeyError where the image was removed, NotDicom."""
        study, uid = instance.study_instance_uid, instance.sop_instance_uid
        path = f"/api/v1/studies/{study}/images/{uid}"
        found = self.score(study, uid, classifier) if classifier else None
        result, score = found or (None, None)
        try:
            count = self._frames.count(instance.key)
        except PrereadError:
            count = 1  # its picture says what is wrong
        numbers = {one.number: one.probability for one in score.frames if one.heatmap_key} if score else {}
        if score:
            numbers.setdefault(score.frame_number or 1, score.probability)
        frames = tuple(
            ScoredFrame(number, probability, f"{path}/heat.png?classifier={classifier}&frame={number}")
            for number, probability in sorted(numbers.items())
        )
        most_suspicious = (score.frame_number or 1) if score else 1
        shown = min(frame or most_suspicious, count)
        return ViewedImage(study, uid, f"{path}.png", count, shown, most_suspicious, score, result, frames)
