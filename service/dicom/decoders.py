"""Which library decodes which transfer syntax.

pydicom would try every one that is installed, GDCM first. Damaged bytes make GDCM end the whole process
(an exception of C++ that nobody catches), so it decodes only what no other library reads, in a process of its
own.
"""

import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmwrite
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels import get_decoder, iter_pixels
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSTransferSyntaxes,
    RLELossless,
)

from service.dicom.codestream import frame_stream
from service.dicom.quiet import quiet
from service.errors import UnsupportedPixels

TIME_LIMIT_S = 60.0
"""For one frame in a process of its own; a frame takes under a second."""
_CHILD = Path(__file__).with_name("gdcm_process.py")
_YBR = frozenset({"YBR_FULL", "YBR_FULL_422"})
_GDCM = frozenset({JPEGLossless, JPEGLosslessSV1})
_PLUGINS: dict[str, str] = {
    JPEGBaseline8Bit: "pillow",
    JPEGExtended12Bit: "pillow",
    **dict.fromkeys(JPEGLSTransferSyntaxes, "pyjpegls"),
    **dict.fromkeys((JPEG2000, JPEG2000Lossless, HTJ2K, HTJ2KLossless, HTJ2KLosslessRPCL), "pylibjpeg"),
    RLELossless: "pydicom",
}
_UNCOMPRESSED = frozenset(
    {ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian}
)
_KNOWN = _UNCOMPRESSED | _PLUGINS.keys() | _GDCM


def is_decodable(transfer_syntax: UID) -> bool:
    """Whether the installed libraries decode `transfer_syntax`."""
    if transfer_syntax not in _KNOWN:
        return False
    with quiet():
        return bool(get_decoder(transfer_syntax).is_available)


def stored_values(pixel: Dataset, index: int) -> NDArray[np.generic]:
    """Frame `index` (from 0) as stored: (rows, columns) or (rows, columns, 3), YBR turned into RGB.

    `pixel` is as `service.dicom.image_pixel` makes it. Raises whatever the library raises, and
    UnsupportedPixels when a decoder process dies or hangs.
    """
    transfer_syntax = pixel.file_meta.TransferSyntaxUID
    if transfer_syntax in _GDCM:
        return _decode_apart(pixel, index)
    if transfer_syntax == JPEGBaseline8Bit:
        return _jpeg(pixel, index)
    return _by_pydicom(pixel, index)


def _jpeg(pixel: Dataset, index: int) -> NDArray[np.generic]:
    """As pydicom would, to the bit; plain YBR three times as fast, since libjpeg makes it RGB itself.

    An Adobe marker, or RGB inside, is left to pydicom, which weighs marker and header.
    """
    image = Image.open(BytesIO(frame_stream(pixel, index)), formats=("JPEG",))
    is_plain = pixel.PhotometricInterpretation in _YBR and "adobe_transform" not in image.info
    if is_plain and image.mode == "RGB":
        return np.asarray(image)
    return _by_pydicom(pixel, index)


def _by_pydicom(pixel: Dataset, index: int) -> NDArray[np.generic]:
    plugin = _PLUGINS.get(pixel.file_meta.TransferSyntaxUID, "")
    return np.asarray(next(iter_pixels(pixel, indices=[index], decoding_plugin=plugin)))


def _decode_apart(pixel: Dataset, index: int) -> NDArray[np.generic]:
    """One frame by GDCM in a process of its own, which damaged bytes may end."""
    try:
        child = subprocess.run(
            [sys.executable, "-P", str(_CHILD)],
            input=_single_frame(pixel, index),
            capture_output=True,
            timeout=TIME_LIMIT_S,
            check=True,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        raise UnsupportedPixels(
            f"frame {index + 1} cannot be decoded ({pixel.file_meta.TransferSyntaxUID.name}): it is damaged; "
            "send it again, or uncompressed"
        ) from None
    return np.asarray(np.load(BytesIO(child.stdout), allow_pickle=False))


def _single_frame(pixel: Dataset, index: int) -> bytes:
    single = Dataset()
    single.update({tag: element for tag, element in pixel.items() if tag.group == 0x0028})  # noqa: PLR2004 - PS3.6
    single.file_meta = pixel.file_meta
    single.NumberOfFrames = 1
    single.PixelData = encapsulate([frame_stream(pixel, index)])
    single["PixelData"].VR = "OB"
    buffer = BytesIO()
    dcmwrite(buffer, single, enforce_file_format=False)
    return buffer.getvalue()
