from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset

from service.dicom import decoders
from service.dicom.decoder.pool import DecoderPool
from service.errors import EngineLost, Permanent, Unfamiliar
from service.infer.analyse import LOOK_AHEAD, Load, ScoredFrame, analyse, identity
from service.infer.image import Reading
from service.study.result import AnalysedRegion, ClassifierIdentity, ImageRefusal
from tests.fakes.classifier import FakeClassifier, FakeManifest, FakeScore
from tests.fakes.pool import InlinePool
from tests.unit.dicom.bad_decoders import CRASHES, misbehaving
from tests.unit.dicom.builders import RED, as_rgb, in_jpeg, packaged, part10, speckle, ultrasound, us_region
from tests.unit.infer.fakes import (
    ChokingClassifier,
    FlatClassifier,
    LostClassifier,
    NoNumberClassifier,
    RecordingClassifier,
)


def phantom(brightness: int, spot: int | None = None) -> NDArray[np.uint8]:
    """A grey image (96, 128, 3) with a bright square at column and row `spot`."""
    gray = speckle() // 8 + np.uint8(brightness)
    if spot is not None:
        gray[spot : spot + 16, spot : spot + 16] = 255
    return as_rgb(gray)


@dataclass(frozen=True)
class Outcome:
    """What came out, scores and refusals each in their order."""

    scores: tuple[ScoredFrame, ...]
    refusals: tuple[ImageRefusal, ...]


def outcome_of(
    images: Sequence[tuple[str, bytes]], classifier: FakeClassifier, max_frames: int = 16
) -> Outcome:
    loaders: list[tuple[str, Load]] = [(uid, lambda data=data: data) for uid, data in images]  # type: ignore[misc]
    found = list(analyse(loaders, classifier, InlinePool(), Reading(max_frames)))
    scores = tuple(one for one in found if isinstance(one, ScoredFrame))
    return Outcome(scores, tuple(one for one in found if isinstance(one, ImageRefusal)))


def analysed(*datasets: Dataset, max_frames: int = 16) -> Outcome:
    return outcome_of(
        [(str(ds.SOPInstanceUID), part10(ds)) for ds in datasets], RecordingClassifier(), max_frames
    )


def heat(frame: ScoredFrame) -> NDArray[np.uint8]:
    return np.asarray(Image.open(BytesIO(frame.heatmap.png)))


def test_an_image_gets_its_score() -> None:
    ds = ultrasound(phantom(20, spot=40), ImageLaterality="L")

    result = analysed(ds)

    (frame,) = result.scores
    assert result.refusals == ()
    assert frame.score.sop_instance_uid == ds.SOPInstanceUID
    assert frame.score.sop_class_uid == ds.SOPClassUID
    assert frame.score.laterality == "L"
    assert frame.score.frame_number is None
    assert frame.score.probability == pytest.approx(ds.pixel_array[..., 0].mean() / 255)
    assert (frame.score.positive, frame.score.category) == (False, "4A")
    assert frame.score.region == AnalysedRegion(left=0, top=0, right=128, bottom=96)
    assert set(frame.score.outline) == {(40.0, 40.0), (56.0, 40.0), (56.0, 56.0), (40.0, 56.0)}
    assert frame.score.heatmap_key == ""


def test_the_operating_point_and_the_category_are_the_manifests() -> None:
    (frame,) = analysed(ultrasound(phantom(200))).scores

    assert (frame.score.positive, frame.score.category) == (True, "4C")


def test_only_the_ultrasound_region_is_analysed_and_the_heatmap_is_of_it() -> None:
    rgb = phantom(20, spot=40)
    rgb[:, :10] = 255
    ds = ultrasound(rgb, SequenceOfUltrasoundRegions=[us_region((16, 8, 111, 87))])

    (frame,) = analysed(ds).scores

    assert frame.score.region == AnalysedRegion(left=16, top=8, right=112, bottom=88)
    assert (heat(frame).shape, str(heat(frame).dtype)) == ((80, 96), "uint8")
    assert heat(frame)[45 - 8, 45 - 16] == 255
    assert (40.0, 40.0) in frame.score.outline


def test_the_heatmap_of_a_large_image_is_kept_small_and_its_outline_is_in_the_image() -> None:
    rgb = as_rgb(np.full((768, 1024), 20, dtype=np.uint8))
    rgb[400:480, 600:700] = 255

    (frame,) = analysed(ultrasound(rgb)).scores

    assert heat(frame).shape == (192, 256)
    columns, rows = zip(*frame.score.outline, strict=True)
    assert (min(columns), max(columns)) == pytest.approx((600, 700), abs=12)
    assert (min(rows), max(rows)) == pytest.approx((400, 480), abs=12)


def test_a_flat_heatmap_in_a_region_has_no_outline() -> None:
    rgb = as_rgb(np.full((96, 128), 90, dtype=np.uint8))
    rgb[20, 20] = 91
    ds = ultrasound(rgb, SequenceOfUltrasoundRegions=[us_region((16, 16, 111, 87))])

    (frame,) = outcome_of([("1", part10(ds))], FlatClassifier()).scores

    assert frame.score.outline == ()


def test_the_most_suspicious_frame_speaks_for_a_cine() -> None:
    cine = np.stack([phantom(value) for value in (10, 60, 30, 20)])

    (frame,) = analysed(ultrasound(cine)).scores

    assert frame.score.frame_number == 2
    assert {one.number for one in frame.score.frames} == set(frame.frames)
    assert max(frame.score.frames, key=lambda one: one.probability).number == 2
    assert frame.frames[2].png == frame.heatmap.png
    assert frame.score.probability == pytest.approx(cine[1].mean() / 255)


def test_only_the_most_suspicious_frames_of_a_cine_keep_a_heatmap() -> None:
    cine = part10(ultrasound(np.stack([phantom(value) for value in (10, 60, 30, 20)])))

    found = list(analyse([("1", lambda: cine)], RecordingClassifier(), InlinePool(), Reading(16, "", 2)))

    (frame,) = [one for one in found if isinstance(one, ScoredFrame)]
    assert [one.number for one in frame.score.frames] == [1, 2, 3, 4]
    assert sorted(frame.frames) == [2, 3]


@pytest.mark.parametrize(
    ("frames", "max_frames", "expected"),
    [(3, 16, [0, 1, 2]), (31, 4, [0, 10, 20, 30]), (9, 1, [4]), (40, 20, 20)],
)
def test_at_most_max_frames_of_a_cine_are_analysed_evenly_spread(
    frames: int, max_frames: int, expected: list[int] | int
) -> None:
    classifier = RecordingClassifier()
    cine = np.stack([phantom(number) for number in range(frames)])

    outcome_of([("1", part10(ultrasound(cine)))], classifier, max_frames)

    seen = [int(image.min()) - int(phantom(0).min()) for image in classifier.images]
    assert (seen if isinstance(expected, list) else len(set(seen))) == expected


def test_black_frames_of_a_cine_are_passed_over() -> None:
    cine = np.stack([np.zeros_like(phantom(0)), phantom(40)])

    (frame,) = analysed(ultrasound(cine)).scores

    assert frame.score.frame_number == 2


def test_a_classifier_is_told_what_is_urgent() -> None:
    classifier = RecordingClassifier()
    image = part10(ultrasound(phantom(9)))

    for urgent in (True, False):
        list(analyse([("1", lambda: image)], classifier, InlinePool(), Reading(16), urgent))

    assert classifier.urgent == [True, False]


def test_only_a_few_images_are_read_ahead() -> None:
    image = part10(ultrasound(phantom(9)))
    loaded: list[int] = []

    def load(number: int) -> bytes:
        loaded.append(number)
        return image

    outcomes = analyse(
        ((str(number), lambda number=number: load(number)) for number in range(20)),  # type: ignore[misc]
        RecordingClassifier(),
        InlinePool(),
        Reading(16),
    )
    next(outcomes)

    assert loaded == list(range(LOOK_AHEAD))
    outcomes.close()  # type: ignore[attr-defined]


def test_the_order_is_the_images_however_fast_they_are_read() -> None:
    images = [(str(number), part10(ultrasound(phantom(number)))) for number in range(12)]
    loaders: list[tuple[str, Load]] = [(uid, lambda data=data: data) for uid, data in images]  # type: ignore[misc]

    with ThreadPoolExecutor(4) as pool:
        found = list(analyse(loaders, RecordingClassifier(), pool, Reading(16)))

    assert [one.score.sop_instance_uid for one in found if isinstance(one, ScoredFrame)] == [
        uid for uid, _ in images
    ]


def test_an_image_that_the_network_cannot_run_is_refused_alone() -> None:
    files = [("a", part10(ultrasound(phantom(20)))), ("b", part10(ultrasound(phantom(200))))]

    result = outcome_of(files, ChokingClassifier())

    assert [frame.score.sop_instance_uid for frame in result.scores] == ["a"]
    assert result.refusals == (ImageRefusal("b", "us-mass cannot run this image"),)


def test_a_lost_engine_is_no_refusal() -> None:
    with pytest.raises(EngineLost):
        outcome_of([("a", part10(ultrasound(phantom(20))))], LostClassifier())


def test_bytes_that_are_gone_are_no_refusal() -> None:
    def gone() -> bytes:
        raise Permanent("the store has lost it")

    with pytest.raises(Permanent):
        list(analyse([("1", gone)], RecordingClassifier(), InlinePool(), Reading(16)))


@pytest.mark.parametrize(
    ("ds", "reason"),
    [
        (ultrasound(Modality="CT"), "modality CT: us-mass reads US"),
        (ultrasound(BodyPartExamined=None), "does not say that this is a breast"),
        (ultrasound(np.zeros((96, 128, 3), dtype=np.uint8)), "blank"),
        (ultrasound(phantom(5)[:20, :20]), "too small"),
        (ultrasound(np.full((96, 128, 3), RED, dtype=np.uint8)), "coloured"),
        (ultrasound(PixelData=b"\x00" * 10), "cut off"),
        (ultrasound(NumberOfFrames=7), "cut off"),
    ],
)
def test_an_image_that_is_refused_has_a_reason_and_no_score(ds: Dataset, reason: str) -> None:
    result = analysed(ds)

    assert result.scores == ()
    assert [refusal.sop_instance_uid for refusal in result.refusals] == [ds.SOPInstanceUID]
    assert reason in result.refusals[0].reason


def test_one_bad_image_does_not_affect_the_others() -> None:
    good = [ultrasound(phantom(value)) for value in (10, 90)]
    files = [("a", part10(good[0])), ("b", b"not DICOM"), ("c", part10(good[1])), ("d", b"")]

    result = outcome_of(files, RecordingClassifier())

    assert [frame.score.sop_instance_uid for frame in result.scores] == ["a", "c"]
    assert [refusal.sop_instance_uid for refusal in result.refusals] == ["b", "d"]


def test_a_cine_that_turns_to_doppler_has_no_score_at_all() -> None:
    cine = np.stack([phantom(200)] * 8 + [np.full_like(phantom(0), RED)])

    result = analysed(ultrasound(cine))

    assert result.scores == ()
    assert len(result.refusals) == 1


def test_a_classifier_that_gives_no_number_gives_no_score() -> None:
    result = outcome_of([("1", part10(ultrasound(phantom(9))))], NoNumberClassifier())

    assert result.scores == ()
    assert "gave no number" in result.refusals[0].reason


def test_no_images_give_nothing() -> None:
    classifier = RecordingClassifier()

    result = outcome_of([], classifier)

    assert (result.scores, result.refusals, classifier.images) == ((), (), [])


@pytest.mark.parametrize("name", ["rgb_color", "ybr_color", "palette", "jpeg2k"])
def test_real_ultrasound_of_other_body_parts_is_refused(name: str) -> None:
    result = outcome_of([("1", packaged(f"examples_{name}.dcm"))], RecordingClassifier())

    assert result.scores == ()
    assert "does not say that this is a breast" in result.refusals[0].reason


@pytest.mark.parametrize("name", ["rgb_color", "jpeg2k"])
def test_real_power_doppler_is_refused_for_its_color_even_if_called_a_breast(name: str) -> None:
    data = packaged(f"examples_{name}.dcm")
    body_part = b"\x18\x00\x15\x00CS\x06\x00BREAST"
    place = data.index(b"\x18\x00", data.index(b"\x10\x00\x20\x00"))

    result = outcome_of([("1", data[:place] + body_part + data[place:])], RecordingClassifier())

    assert result.scores == ()
    assert "coloured" in result.refusals[0].reason


def test_identity_is_the_manifests() -> None:
    assert identity(FakeManifest()) == ClassifierIdentity(
        name="us-mass",
        version="0.0.1",
        title="Fake classifier",
        weights_sha256="ab" * 32,
        threshold=0.5,
    )


class FindingClassifier(FakeClassifier):
    """Finds what is bright."""

    def score(self, image: NDArray[np.uint8]) -> FakeScore:
        heatmap = np.float32(1 / 255) * image
        return FakeScore(0.5, heatmap, (heatmap > 0.9).astype(np.float32))


def outcome_by(classifier: FakeClassifier, dataset: Dataset) -> ScoredFrame:
    (frame,) = outcome_of([(str(dataset.SOPInstanceUID), part10(dataset))], classifier).scores
    return frame


def test_a_lesion_that_is_found_goes_into_the_score_with_its_size() -> None:
    region = us_region(
        (0, 0, 127, 95),
        PhysicalUnitsXDirection=3,
        PhysicalUnitsYDirection=3,
        PhysicalDeltaX=0.02,
        PhysicalDeltaY=0.02,
    )
    bright = phantom(20)
    bright[30:60, 40:80] = 255

    frame = outcome_by(FindingClassifier(), ultrasound(bright, SequenceOfUltrasoundRegions=[region]))

    assert frame.score.finds_lesions
    lesion = frame.score.lesion
    assert lesion is not None
    assert {(40.0, 30.0), (80.0, 60.0)} <= set(lesion.outline)
    assert lesion.long_axis_mm == pytest.approx(np.hypot(40, 30) * 0.2)


def test_a_classifier_that_does_not_look_for_lesions_says_nothing_of_them() -> None:
    frame = outcome_by(FakeClassifier(), ultrasound(phantom(20)))

    assert not frame.score.finds_lesions
    assert frame.score.lesion is None


class GuardedClassifier(FakeClassifier):
    """Has never seen a dark image."""

    def score(self, image: NDArray[np.uint8]) -> FakeScore:
        if image.mean() < 60:
            raise Unfamiliar("the image is unlike those that us-mass was made from")
        return super().score(image)


def test_unfamiliar_frames_of_a_cine_are_passed_over() -> None:
    cine = np.stack([phantom(10), phantom(120), phantom(200), phantom(10)])

    frame = outcome_by(GuardedClassifier(), ultrasound(cine))

    assert frame.score.frame_number == 3


def test_an_image_of_unfamiliar_frames_only_is_refused_with_the_reason() -> None:
    cine = ultrasound(np.stack([phantom(10), phantom(20)]))

    result = outcome_of([(str(cine.SOPInstanceUID), part10(cine))], GuardedClassifier())

    assert result.scores == ()
    assert "unlike those that us-mass was made from" in result.refusals[0].reason


def test_an_image_that_kills_its_decoder_is_refused_and_the_others_are_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rgb = phantom(20, spot=40)
    deadly, good = in_jpeg(ultrasound(rgb), rgb[np.newaxis]), ultrasound(rgb)
    with monkeypatch.context() as patch, closing(DecoderPool(1, misbehaving(tmp_path, CRASHES))) as pool:
        patch.setattr(decoders, "POOL", pool)
        result = analysed(deadly, good)

    assert [one.score.sop_instance_uid for one in result.scores] == [good.SOPInstanceUID]
    (refused,) = result.refusals
    assert refused.sop_instance_uid == deadly.SOPInstanceUID
    assert "it ends the decoder, so it is damaged; send it again" in refused.reason
