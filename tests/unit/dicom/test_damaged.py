"""Whatever happens to the bytes of a file, reading it ends in pixels or in one of our errors."""

from collections.abc import Callable
from contextlib import suppress
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from service.dicom.body_part import body_part
from service.dicom.dump import dump
from service.dicom.frames import decode_frames
from service.dicom.header import instance_header, read_header, read_header_for_display, study_header
from service.dicom.laterality import laterality
from service.dicom.ultrasound import region_refusal, spacing_mm, tissue_region
from service.errors import PrereadError
from tests.unit.dicom.builders import (
    as_rgb,
    code,
    in_jpeg,
    in_transfer_syntax,
    items,
    packaged,
    part10,
    speckle,
    ultrasound,
    us_region,
)

ROWS, COLUMNS = 40, 40
few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def small() -> bytes:
    """A native file with sequences, a palette-free colour image and text."""
    return part10(
        ultrasound(
            as_rgb(speckle(ROWS, COLUMNS)),
            SpecificCharacterSet=["", "ISO 2022 IR 87"],
            PatientName="Yamada^Tarou",
            SequenceOfUltrasoundRegions=[us_region((0, 0, 39, 39), PhysicalDeltaX=0.1)],
            AnatomicRegionSequence=[code("76752008", AnatomicRegionModifierSequence=[code("7771000")])],
            RequestAttributesSequence=[items(RequestedProcedureDescription="Breast")],
        )
    )


def jpeg() -> bytes:
    rgb = as_rgb(speckle(ROWS, COLUMNS))
    return part10(in_jpeg(ultrasound(rgb), rgb[np.newaxis]))


def compressed(uid: str) -> Callable[[], bytes]:
    return lambda: part10(in_transfer_syntax(ultrasound(as_rgb(speckle(ROWS, COLUMNS))), uid))


FILES: dict[str, Callable[[], bytes]] = {
    "native": small,
    "jpeg": jpeg,
    "rle": compressed(RLELossless),
    "jpeg-ls": compressed(JPEGLSLossless),
    "jpeg 2000": compressed(JPEG2000Lossless),
    "deflated": lambda: packaged("image_dfl.dcm"),
}


@cache
def file_of(kind: str) -> bytes:
    return FILES[kind]()


def read_everything(data: bytes) -> None:
    with suppress(PrereadError):
        ds = read_header(data)
        study_header([ds])
        instance_header(ds, ["Modality", "RequestAttributesSequence.RequestedProcedureDescription"])
        for character_set in ("", "ISO_IR 192", "\\ISO 2022 IR 87"):
            ds = read_header_for_display(data, character_set)
            study_header([ds])
            instance_header(ds, ["RequestAttributesSequence.RequestedProcedureDescription"])
            dump(ds, patient_data=True)
        laterality(ds), body_part(ds), region_refusal(ds), spacing_mm(ds), tissue_region(ds, ROWS, COLUMNS)
    with suppress(PrereadError):
        for frame in decode_frames(data, [0]):
            assert str(frame.dtype) == "uint8"
            assert frame.shape[2] == 3


@pytest.mark.parametrize("kind", FILES)
@few
@given(fraction=st.floats(0, 1))
def test_a_file_cut_off_anywhere_raises_only_our_errors(kind: str, fraction: float) -> None:
    data = file_of(kind)

    read_everything(data[: int(len(data) * fraction)])


@pytest.mark.parametrize("kind", FILES)
@few
@given(changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=12))
def test_changed_bytes_anywhere_raise_only_our_errors(kind: str, changes: list[tuple[float, int]]) -> None:
    data = bytearray(file_of(kind))
    for place, value in changes:
        data[int(place * len(data))] = value

    read_everything(bytes(data))


@few
@given(changes=st.lists(st.tuples(st.integers(132, 1300), st.integers(0, 255)), min_size=1, max_size=12))
def test_changed_bytes_in_the_header_raise_only_our_errors(changes: list[tuple[int, int]]) -> None:
    data = bytearray(file_of("native"))
    for place, value in changes:
        data[place] = value

    read_everything(bytes(data))


@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_jpeg_lossless_file_raises_only_our_errors(seed: int) -> None:
    data = bytearray(packaged("SC_rgb_jpeg_gdcm.dcm"))
    rng = np.random.default_rng(seed)
    for place in rng.integers(1500, len(data), size=20):
        data[place] = rng.integers(256)

    read_everything(bytes(data))
