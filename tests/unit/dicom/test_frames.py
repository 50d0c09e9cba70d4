from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels import convert_color_space, pixel_array
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from service.dicom.frames import decode_frames, frame_count
from service.dicom.header import read_header
from service.errors import NotDicom, UnsupportedPixels
from tests.unit.dicom.builders import (
    RED,
    as_rgb,
    in_jpeg,
    in_transfer_syntax,
    packaged,
    part10,
    speckle,
    ultrasound,
)


def decoded(ds: Dataset, index: int = 0) -> Any:
    return next(decode_frames(part10(ds), [index]))


def color(seed: int = 0) -> Any:
    return np.stack([speckle(seed=seed + channel) for channel in range(3)], axis=-1)


def refuses(ds: Dataset, reason: str) -> None:
    with pytest.raises(UnsupportedPixels, match=reason):
        list(decode_frames(part10(ds), [0]))


@pytest.mark.parametrize(
    "uid",
    [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, RLELossless, JPEGLSLossless, JPEG2000Lossless],
)
def test_lossless_transfer_syntaxes_give_the_pixels_back(uid: str) -> None:
    rgb = color()
    ds = ultrasound(rgb)
    if uid in (RLELossless, JPEGLSLossless, JPEG2000Lossless):
        in_transfer_syntax(ds, uid)
    else:
        ds.file_meta.TransferSyntaxUID = uid

    assert np.array_equal(decoded(ds), rgb)


def test_big_endian_words_are_swapped() -> None:
    gray = speckle().astype(np.uint16) * 256
    ds = ultrasound(gray)
    ds.PixelData = gray.byteswap().tobytes()
    ds.file_meta.TransferSyntaxUID = ExplicitVRBigEndian

    assert np.array_equal(decoded(ds)[..., 0], np.rint(gray / 65535 * 255).astype(np.uint8))


def test_jpeg_baseline_is_turned_from_ybr_to_rgb() -> None:
    rgb = color()

    found = decoded(in_jpeg(ultrasound(rgb), rgb[np.newaxis]))

    assert found.dtype == np.uint8
    assert np.abs(found.astype(int) - rgb).mean() < 3


def test_colour_of_jpeg_is_what_pydicom_makes_of_it_to_the_bit() -> None:
    rgb = np.random.default_rng(3).integers(0, 256, size=(48, 64, 3), dtype=np.uint8)
    ds = in_jpeg(ultrasound(rgb), rgb[np.newaxis])

    assert np.array_equal(decoded(ds), pixel_array(ds))


def test_jpeg_with_rgb_inside_is_not_turned_into_rgb_again() -> None:
    rgb = as_rgb(speckle())
    rgb[20:40, 30:60] = RED
    buffer = BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=100, keep_rgb=True)
    ds = in_jpeg(ultrasound(rgb), rgb[np.newaxis])
    ds.PhotometricInterpretation, ds.PixelData = "RGB", encapsulate([buffer.getvalue()])

    assert np.abs(decoded(ds).astype(int) - rgb).mean() < 3


def test_planar_pixels_are_interleaved() -> None:
    rgb = color()
    ds = ultrasound(rgb, PlanarConfiguration=1, PixelData=rgb.transpose(2, 0, 1).tobytes())

    assert np.array_equal(decoded(ds), rgb)


def test_native_ybr_full_becomes_rgb() -> None:
    rgb = color()
    ybr = convert_color_space(rgb, "RGB", "YBR_FULL")
    ds = ultrasound(rgb, PhotometricInterpretation="YBR_FULL", PixelData=ybr.tobytes())

    assert np.abs(decoded(ds).astype(int) - rgb).max() <= 2


def test_native_ybr_full_422_becomes_rgb() -> None:
    gray = speckle()
    samples = np.full((96, 64, 4), 128, dtype=np.uint8)
    samples[..., 0], samples[..., 1] = gray[:, ::2], gray[:, 1::2]
    ds = ultrasound(as_rgb(gray), PhotometricInterpretation="YBR_FULL_422", PixelData=samples.tobytes())

    assert np.abs(decoded(ds).astype(int) - as_rgb(gray)).max() <= 1


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("values_are_wide", [True, False])
def test_palette_colors_become_rgb(bits: int, values_are_wide: bool) -> None:
    indices = speckle()
    ds = ultrasound(indices, PhotometricInterpretation="PALETTE COLOR")
    up = np.arange(256, dtype=f"u{bits // 8}") * (257 if bits == 16 and values_are_wide else 1)
    for name, lut in (("Red", up), ("Green", up[::-1]), ("Blue", up)):
        setattr(ds, f"{name}PaletteColorLookupTableDescriptor", [256, 0, bits])
        setattr(ds, f"{name}PaletteColorLookupTableData", lut.tobytes())

    assert np.array_equal(decoded(ds), np.stack([indices, 255 - indices, indices], axis=-1))


def test_a_palette_that_is_missing_is_refused() -> None:
    refuses(ultrasound(speckle(), PhotometricInterpretation="PALETTE COLOR"), "palette .* is missing")


def test_eight_bit_gray_stays_as_it_is() -> None:
    gray = speckle()

    assert np.array_equal(decoded(ultrasound(gray)), as_rgb(gray))


def test_monochrome1_is_inverted() -> None:
    gray = speckle()
    ds = ultrasound(gray, PhotometricInterpretation="MONOCHROME1")

    assert np.array_equal(decoded(ds)[..., 0], 255 - gray)


@pytest.mark.parametrize("bits", [10, 12, 16])
def test_more_than_eight_bits_are_scaled_by_bits_stored(bits: int) -> None:
    ramp = np.linspace(0, 2**bits - 1, 96 * 128).reshape(96, 128).astype(np.uint16)

    found = decoded(ultrasound(ramp, BitsStored=bits, HighBit=bits - 1))

    assert (found.min(), found.max()) == (0, 255)
    assert np.array_equal(found[..., 0], np.rint(ramp / (2**bits - 1) * 255).astype(np.uint8))


def test_signed_pixels_are_scaled_over_their_range() -> None:
    ramp = np.linspace(-2048, 2047, 96 * 128).reshape(96, 128).astype(np.int16)

    found = decoded(ultrasound(ramp, BitsStored=12, HighBit=11, PixelRepresentation=1))

    assert (found.min(), found.max()) == (0, 255)


@pytest.mark.parametrize(
    ("attributes", "below", "middle", "above"),
    [
        ({}, 0, 128, 255),
        ({"VOILUTFunction": "LINEAR_EXACT"}, 0, 128, 255),
        ({"VOILUTFunction": "SIGMOID"}, 5, 128, 250),
        ({"VOILUTFunction": "SIGMOID "}, 5, 128, 250),
    ],
)
def test_a_window_is_applied_after_the_modality_lut(
    attributes: dict[str, str], below: int, middle: int, above: int
) -> None:
    stored = np.full((96, 128), 1500, dtype=np.uint16)
    stored[0, 0], stored[0, 1] = 1400, 1600
    window = {"RescaleSlope": 2, "RescaleIntercept": -1000, "WindowCenter": 2000, "WindowWidth": 200}

    gray = decoded(ultrasound(stored, **window, **attributes))[..., 0].astype(int)

    assert abs(gray[0, 0] - below) <= 2
    assert abs(gray[1, 1] - middle) <= 2
    assert abs(gray[0, 1] - above) <= 2


@pytest.mark.parametrize("width", [0, -5, None])
def test_a_window_without_width_is_ignored(width: int | None) -> None:
    gray = speckle()

    assert np.array_equal(decoded(ultrasound(gray, WindowCenter=10, WindowWidth=width))[..., 0], gray)


def test_a_voi_lut_goes_before_the_window() -> None:
    gray = speckle()
    lut = Dataset()
    lut.LUTDescriptor, lut.LUTData = [256, 0, 16], (np.arange(256)[::-1].astype(np.uint16) * 257).tobytes()
    lut["LUTData"].VR = "OW"
    ds = ultrasound(gray, VOILUTSequence=[lut], WindowCenter=1, WindowWidth=2)

    assert np.array_equal(decoded(ds)[..., 0], 255 - gray)


def test_sixteen_bit_color_keeps_its_upper_eight_bits() -> None:
    found = next(decode_frames(packaged("SC_rgb_rle_16bit.dcm"), [0]))
    eight = next(decode_frames(packaged("SC_rgb_rle.dcm"), [0]))

    assert np.array_equal(found, eight)


@pytest.mark.parametrize(
    "missing", ["BitsStored", "HighBit", "PlanarConfiguration", "PixelRepresentation", "SamplesPerPixel"]
)
def test_a_missing_attribute_is_repaired_in_a_copy(missing: str) -> None:
    rgb = color()
    ds = ultrasound(rgb, **{missing: None})

    assert np.array_equal(next(decode_frames(ds, [0])), rgb)
    assert missing not in ds


def test_a_missing_photometric_interpretation_follows_from_the_samples() -> None:
    rgb, gray = color(), speckle()

    assert np.array_equal(decoded(ultrasound(rgb, PhotometricInterpretation=None)), rgb)
    assert np.array_equal(decoded(ultrasound(gray, PhotometricInterpretation=None))[..., 0], gray)


def test_frames_come_in_the_order_asked_for_and_one_at_a_time() -> None:
    cine = np.stack([as_rgb(speckle(seed=seed)) for seed in range(5)])

    found = decode_frames(part10(ultrasound(cine)), [4, 0])

    assert isinstance(found, Iterator)
    assert np.array_equal(next(found), cine[4])
    assert np.array_equal(next(found), cine[0])


def test_frames_of_a_compressed_cine_are_found() -> None:
    cine = np.stack([color(seed) for seed in range(4)])
    ds = in_transfer_syntax(ultrasound(cine), JPEG2000Lossless)

    assert np.array_equal(decoded(ds, 2), cine[2])


def test_real_jpeg_lossless_is_decoded() -> None:
    found = next(decode_frames(packaged("SC_rgb_jpeg_gdcm.dcm"), [0]))
    native = next(decode_frames(packaged("SC_rgb_rle.dcm"), [0]))

    assert np.array_equal(found, native)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("examples_rgb_color.dcm", (240, 320, 3)),
        ("examples_ybr_color.dcm", (240, 320, 3)),
        ("examples_palette.dcm", (350, 800, 3)),
        ("examples_jpeg2k.dcm", (480, 640, 3)),
        ("ExplVR_BigEnd.dcm", (60, 80, 3)),
        ("JPEGLSNearLossless_16.dcm", (50, 10, 3)),
        ("SC_ybr_full_422_uncompressed.dcm", (100, 100, 3)),
        ("image_dfl.dcm", (512, 512, 3)),
        ("MR_small_padded.dcm", (64, 64, 3)),
    ],
)
def test_real_files_are_decoded(name: str, shape: tuple[int, ...]) -> None:
    found = next(decode_frames(packaged(name), [0]))

    assert found.shape == shape
    assert np.ptp(found) > 100


@pytest.mark.parametrize(("value", "expected"), [(None, 1), (0, 1), (1, 1), (30, 30)])
def test_number_of_frames_is_at_least_one(value: int | None, expected: int) -> None:
    assert frame_count(ultrasound(NumberOfFrames=value)) == expected


def test_a_number_of_frames_that_is_none_is_refused() -> None:
    with pytest.raises(UnsupportedPixels, match="not a whole number"):
        frame_count(read_header(packaged("badVR.dcm")))


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"PixelData": None}, "no Pixel Data"),
        ({"PixelData": b"\x00" * 100}, "cut off: 100 bytes of 36864"),
        ({"NumberOfFrames": 3}, "cut off"),
        ({"Rows": 0}, "Rows or Columns"),
        ({"Columns": None}, "Rows or Columns"),
        ({"Rows": 65535, "Columns": 65535}, "more than the"),
        ({"BitsAllocated": 32}, "32 bits"),
        ({"PhotometricInterpretation": "HSV"}, "HSV"),
        ({"SamplesPerPixel": 4}, "4 samples"),
        ({"NumberOfFrames": 2**31 - 1}, "cut off"),
    ],
)
def test_pixels_that_cannot_be_decoded_are_refused_with_a_reason(
    attributes: dict[str, Any], reason: str
) -> None:
    refuses(ultrasound(**attributes), reason)


def test_more_frames_than_the_header_says_are_refused() -> None:
    cine = np.stack([as_rgb(speckle())] * 3)

    refuses(ultrasound(cine, NumberOfFrames=2), "the pixel data have 3")


def test_padding_of_less_than_a_frame_is_ignored() -> None:
    rgb = color()
    ds = ultrasound(rgb, PixelData=rgb.tobytes() + b"\x00" * 5000)

    assert np.array_equal(decoded(ds), rgb)


def test_a_frame_that_is_not_there_is_refused() -> None:
    with pytest.raises(UnsupportedPixels, match="no frame 2: the image has 1"):
        decoded(ultrasound(), 1)


def test_a_cut_off_jpeg_is_refused_and_not_filled_with_gray() -> None:
    rgb = color()
    ds = in_jpeg(ultrasound(rgb), rgb[np.newaxis])
    ds.PixelData = encapsulate([ds.PixelData[16:-600]])

    refuses(ds, "end marker is missing")


def test_a_jpeg_of_another_size_than_the_header_says_is_refused() -> None:
    rgb = color()
    ds = in_jpeg(ultrasound(rgb), rgb[np.newaxis, :48])

    refuses(ds, "has 48 x 128 pixels, its header says 96 x 128")


def test_compressed_frames_that_are_missing_are_refused() -> None:
    cine = np.stack([color(), color(3)])
    ds = in_jpeg(ultrasound(cine), cine)
    ds.NumberOfFrames = 5

    with pytest.raises(UnsupportedPixels):
        decoded(ds, 4)


@pytest.mark.parametrize("uid", ["1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.92", "1.2.3.4", ""])
def test_an_unknown_transfer_syntax_is_refused(uid: str) -> None:
    ds = ultrasound()
    ds.file_meta.TransferSyntaxUID = uid

    with pytest.raises(UnsupportedPixels, match="transfer syntax"):
        next(decode_frames(ds, [0]))


def test_twelve_bit_jpeg_extended_is_refused() -> None:
    with pytest.raises(UnsupportedPixels, match="JPEG Extended"):
        next(decode_frames(packaged("JPGExtended.dcm"), [0]))


def test_bytes_that_are_no_file_are_refused() -> None:
    with pytest.raises(NotDicom):
        next(decode_frames(b"no", [0]))
