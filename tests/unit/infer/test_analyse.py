import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from service.infer.analyse import BATCH_FRAMES, Analysis, analyse, identity
from service.study.result import AnalysedRegion, ClassifierIdentity
from tests.fakes.classifier import FakeManifest
from tests.unit.dicom.builders import RED, as_rgb, packaged, part10, speckle, ultrasound, us_region
from tests.unit.infer.fakes import FlatClassifier, NoNumberClassifier, RecordingClassifier


def phantom(brightness: int, spot: int | None = None) -> NDArray[np.uint8]:
    """A grey image (96, 128, 3) with a bright square at column and row `spot`."""
    gray = speckle() // 8 + np.uint8(brightness)
    if spot is not None:
        gray[spot : spot + 16, spot : spot + 16] = 255
    return as_rgb(gray)


def analysed(*datasets: Dataset, max_frames: int = 16) -> Analysis:
    images = [(str(ds.SOPInstanceUID), part10(ds)) for ds in datasets]
    return analyse(images, RecordingClassifier(), max_frames)


def test_an_image_gets_its_score() -> None:
    ds = ultrasound(phantom(20, spot=40), ImageLaterality="L")

    result = analysed(ds)

    (frame,) = result.scores
    assert result.refusals == ()
    assert frame.score.sop_instance_uid == ds.SOPInstanceUID
    assert frame.score.sop_class_uid == ds.SOPClassUID
    assert frame.score.laterality == "L"
    assert frame.score.frame_number is None
    assert frame.score.probability == pytest.approx(frame.rgb[..., 0].mean() / 255)
    assert (frame.score.positive, frame.score.category) == (False, "4A")
    assert frame.score.region == AnalysedRegion(left=0, top=0, right=128, bottom=96)
    assert set(frame.score.outline) == {(40.0, 40.0), (56.0, 40.0), (56.0, 56.0), (40.0, 56.0)}
    assert frame.score.heatmap_key == ""


def test_the_operating_point_and_the_category_are_the_manifests() -> None:
    (frame,) = analysed(ultrasound(phantom(200))).scores

    assert (frame.score.positive, frame.score.category) == (True, "4C")


def test_only_the_ultrasound_region_is_analysed_and_the_rest_of_the_heatmap_is_zero() -> None:
    rgb = phantom(20, spot=40)
    rgb[:, :10] = 255
    ds = ultrasound(rgb, SequenceOfUltrasoundRegions=[us_region((16, 8, 111, 87))])

    (frame,) = analysed(ds).scores

    assert frame.score.region == AnalysedRegion(left=16, top=8, right=112, bottom=88)
    assert (frame.heatmap.shape, str(frame.heatmap.dtype)) == ((96, 128), "float32")
    assert frame.heatmap[:, :16].max() == 0
    assert frame.heatmap[45, 45] == 1
    assert (40.0, 40.0) in frame.score.outline
    assert np.array_equal(frame.rgb, rgb)


def test_a_flat_heatmap_in_a_region_has_no_outline() -> None:
    rgb = as_rgb(np.full((96, 128), 90, dtype=np.uint8))
    rgb[20, 20] = 91
    ds = ultrasound(rgb, SequenceOfUltrasoundRegions=[us_region((16, 16, 111, 87))])

    (frame,) = analyse([("1", part10(ds))], FlatClassifier(), 16).scores

    assert frame.score.outline == ()


def test_the_most_suspicious_frame_speaks_for_a_cine() -> None:
    cine = np.stack([phantom(value) for value in (10, 60, 30, 20)])

    (frame,) = analysed(ultrasound(cine)).scores

    assert frame.score.frame_number == 2
    assert np.array_equal(frame.rgb, cine[1])


@pytest.mark.parametrize(
    ("frames", "max_frames", "expected"),
    [(3, 16, [0, 1, 2]), (31, 4, [0, 10, 20, 30]), (9, 1, [4]), (40, 20, 20)],
)
def test_at_most_max_frames_of_a_cine_are_analysed_evenly_spread(
    frames: int, max_frames: int, expected: list[int] | int
) -> None:
    classifier = RecordingClassifier()
    cine = np.stack([phantom(number) for number in range(frames)])

    analyse([("1", part10(ultrasound(cine)))], classifier, max_frames)

    seen = [int(image.min()) - int(phantom(0).min()) for batch in classifier.batches for image in batch]
    assert (seen if isinstance(expected, list) else len(set(seen))) == expected


def test_black_frames_of_a_cine_are_passed_over() -> None:
    cine = np.stack([np.zeros_like(phantom(0)), phantom(40)])

    (frame,) = analysed(ultrasound(cine)).scores

    assert frame.score.frame_number == 2


def test_frames_of_several_images_share_a_batch() -> None:
    classifier = RecordingClassifier()
    images = [(str(number), part10(ultrasound(phantom(number)))) for number in range(BATCH_FRAMES + 3)]

    analyse(images, classifier, 16)

    assert [len(batch) for batch in classifier.batches] == [BATCH_FRAMES, 3]


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

    result = analyse(files, RecordingClassifier(), 16)

    assert [frame.score.sop_instance_uid for frame in result.scores] == ["a", "c"]
    assert [refusal.sop_instance_uid for refusal in result.refusals] == ["b", "d"]


def test_a_cine_that_turns_to_doppler_after_the_first_batch_has_no_score_at_all() -> None:
    cine = np.stack([phantom(200)] * BATCH_FRAMES + [np.full_like(phantom(0), RED)])

    result = analysed(ultrasound(cine))

    assert result.scores == ()
    assert len(result.refusals) == 1


def test_a_classifier_that_gives_no_number_gives_no_score() -> None:
    result = analyse([("1", part10(ultrasound(phantom(9))))], NoNumberClassifier(), 16)

    assert result.scores == ()
    assert "gave no number" in result.refusals[0].reason


def test_no_images_give_nothing() -> None:
    classifier = RecordingClassifier()

    result = analyse([], classifier, 16)

    assert (result.scores, result.refusals, classifier.batches) == ((), (), [])


@pytest.mark.parametrize("name", ["rgb_color", "ybr_color", "palette", "jpeg2k"])
def test_real_ultrasound_of_other_body_parts_is_refused(name: str) -> None:
    result = analyse([("1", packaged(f"examples_{name}.dcm"))], RecordingClassifier(), 16)

    assert result.scores == ()
    assert "does not say that this is a breast" in result.refusals[0].reason


@pytest.mark.parametrize("name", ["rgb_color", "jpeg2k"])
def test_real_power_doppler_is_refused_for_its_color_even_if_called_a_breast(name: str) -> None:
    data = packaged(f"examples_{name}.dcm")
    body_part = b"\x18\x00\x15\x00CS\x06\x00BREAST"
    place = data.index(b"\x18\x00", data.index(b"\x10\x00\x20\x00"))

    result = analyse([("1", data[:place] + body_part + data[place:])], RecordingClassifier(), 16)

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
