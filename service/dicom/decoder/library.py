"""Which library decodes which transfer syntax.

pydicom would try every one that is installed, GDCM first, which ends the whole process on some damaged bytes
(an exception of C++ that nobody catches). GDCM decodes only what no other library reads.
"""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
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

_YBR = frozenset({"YBR_FULL", "YBR_FULL_422"})
NATIVE: dict[str, str] = {
    JPEGBaseline8Bit: "pillow",
    JPEGExtended12Bit: "pillow",
    **dict.fromkeys(JPEGLSTransferSyntaxes, "pyjpegls"),
    **dict.fromkeys((JPEG2000, JPEG2000Lossless, HTJ2K, HTJ2KLossless, HTJ2KLosslessRPCL), "pylibjpeg"),
    **dict.fromkeys((JPEGLossless, JPEGLosslessSV1), "gdcm"),
}
"""Transfer syntaxes that code in C or C++ decodes, and pydicom's name of the plugin."""
_PLUGINS = NATIVE | {RLELossless: "pydicom"}
_UNCOMPRESSED = frozenset(
    {ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian}
)
_KNOWN = _UNCOMPRESSED | _PLUGINS.keys()


def is_installed(transfer_syntax: UID) -> bool:
    """Whether the installed libraries decode `transfer_syntax`."""
    return transfer_syntax in _KNOWN and bool(get_decoder(transfer_syntax).is_available)


def decode(pixel: Dataset, index: int) -> NDArray[np.generic]:
    """Frame `index` (from 0) as stored: (rows, columns) or (rows, columns, 3), YBR turned into RGB.

    `pixel` is as `service.dicom.image_pixel` makes it. Raises whatever the library raises.
    """
    if pixel.file_meta.TransferSyntaxUID == JPEGBaseline8Bit:
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
