from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import UltrasoundImageStorage

from service.cli.demo import wrap
from service.cli.demo.ultrasound import ImageIdentity, StudyIdentity, ultrasound_image
from service.cli.demo.wrap import load_study
from service.errors import ConfigurationError, MissingAttribute, NotDicom, TooLarge, UnsupportedPixels


def _save(path: Path, mode: str, size: tuple[int, int] = (5, 3)) -> None:
    Image.new(mode, size, 77 if mode in ("L", "I;16") else (10, 20, 30)).save(path)


def _image(number: int) -> Dataset:
    study = StudyIdentity("1.2", "NOBODY", "N1", "None", datetime(2026, 1, 1, tzinfo=UTC))
    return ultrasound_image(
        study, ImageIdentity("1.2.3", f"1.2.3.{number}", 1, number), np.eye(4, dtype=np.uint8)
    )


def test_pictures_become_one_study_of_breast_ultrasound(tmp_path: Path) -> None:
    _save(tmp_path / "b.png", "L")
    _save(tmp_path / "a.jpg", "RGB")

    study = load_study(tmp_path)

    assert [ds.PhotometricInterpretation for ds in study] == ["RGB", "MONOCHROME2"]
    assert len({ds.StudyInstanceUID for ds in study}) == len({ds.SeriesInstanceUID for ds in study}) == 1
    assert len({ds.SOPInstanceUID for ds in study}) == 2
    assert {(ds.SOPClassUID, ds.BodyPartExamined) for ds in study} == {(UltrasoundImageStorage, "BREAST")}


def test_a_wrapped_picture_keeps_its_pixels_and_claims_no_side(tmp_path: Path) -> None:
    expected = np.arange(15, dtype=np.uint8).reshape(3, 5)
    Image.fromarray(expected).save(tmp_path / "image-l.png")

    ds = load_study(tmp_path / "image-l.png")[0]

    np.testing.assert_array_equal(ds.pixel_array, expected)
    assert ds.Laterality == ""
    assert str(ds.PatientName) == "WRAPPED^IMAGES"


def test_transparency_and_palettes_become_rgb(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (10, 20, 30, 0)).save(tmp_path / "a.png")
    Image.new("RGB", (4, 4), (10, 20, 30)).quantize().save(tmp_path / "b.png")

    study = load_study(tmp_path)

    assert [ds.pixel_array[0, 0].tolist() for ds in study] == [[10, 20, 30], [10, 20, 30]]


def test_dicom_files_are_taken_as_they_are_whatever_their_names(tmp_path: Path) -> None:
    original = [_image(1), _image(2)]
    (tmp_path / "series").mkdir()
    for number, ds in enumerate(original):
        ds.save_as(tmp_path / "series" / f"IM{number}", enforce_file_format=True)
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / ".hidden.png").write_bytes(b"\x89PNG\r\n\x1a\n")

    study = load_study(tmp_path)

    assert [ds.SOPInstanceUID for ds in study] == [ds.SOPInstanceUID for ds in original]
    assert [ds.PixelData for ds in study] == [ds.PixelData for ds in original]


def test_a_folder_of_both_kinds_is_refused(tmp_path: Path) -> None:
    _save(tmp_path / "a.png", "L")
    _image(1).save_as(tmp_path / "b.dcm", enforce_file_format=True)

    with pytest.raises(ConfigurationError, match="one kind"):
        load_study(tmp_path)


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nowhere does not exist"):
        load_study(tmp_path / "nowhere")


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not an image")

    with pytest.raises(ConfigurationError, match="no DICOM, PNG or JPEG file"):
        load_study(tmp_path)


def test_sixteen_bits_are_refused_with_what_to_do(tmp_path: Path) -> None:
    _save(tmp_path / "deep.png", "I;16")

    with pytest.raises(UnsupportedPixels, match="8 bits"):
        load_study(tmp_path)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_truncated_picture_is_refused(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / f"whole.{suffix}")
    data = (tmp_path / f"whole.{suffix}").read_bytes()
    (tmp_path / f"cut.{suffix}").write_bytes(data[: len(data) // 2])

    with pytest.raises(UnsupportedPixels, match="cut"):
        load_study(tmp_path / f"cut.{suffix}")


def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _save(tmp_path / "large.png", "L", (100, 100))
    monkeypatch.setattr(wrap, "MAX_PIXELS", 9_999)

    with pytest.raises(TooLarge, match="100 x 100"):
        load_study(tmp_path)


@pytest.mark.parametrize("bound", ["MAX_FILES", "MAX_TOTAL_BYTES"])
def test_more_than_one_study_should_hold_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    _save(tmp_path / "a.png", "L")
    _save(tmp_path / "b.png", "L")
    monkeypatch.setattr(wrap, bound, 1)

    with pytest.raises(TooLarge, match="give one study"):
        load_study(tmp_path)


def test_garbage_after_the_dicom_prefix_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.dcm").write_bytes(bytes(128) + b"DICM" + b"\xff" * 40)

    with pytest.raises((NotDicom, MissingAttribute), match="broken"):
        load_study(tmp_path)


def test_a_dataset_without_its_study_is_refused(tmp_path: Path) -> None:
    ds = _image(1)
    del ds.StudyInstanceUID
    ds.save_as(tmp_path / "a.dcm", enforce_file_format=True)

    with pytest.raises(MissingAttribute, match="StudyInstanceUID"):
        load_study(tmp_path)
