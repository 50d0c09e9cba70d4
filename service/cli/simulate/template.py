"""Images that are drawn and encoded once, and given new UIDs in their bytes each time they are sent.

So what a scanner does while it sends costs next to nothing, and the processors are left to who receives.
"""

import io
import random
from copy import deepcopy
from dataclasses import astuple, dataclass

from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)
from pynetdicom.dsutils import encode

from service.cli.simulate.header import Names, image, side_of
from service.cli.simulate.scenario import Compression, Scanner

_SYNTAXES: dict[Compression, UID] = {
    "none": ExplicitVRLittleEndian,
    "implicit": ImplicitVRLittleEndian,
    "jpeg": JPEGBaseline8Bit,
    "jpeg-ls": JPEGLSLossless,
    "jpeg-2000": JPEG2000Lossless,
    "rle": RLELossless,
}
_JPEG_QUALITY = 90
_LEAST_UID = 10**38
"""From here on up to 2**127 an integer has 39 digits, so all UIDs made of them are as long (PS3.5 B.2)."""
_HEAD_BYTES = 4096
"""What is renamed lies in front of the pixels, within so many bytes."""
_PLACES = Names(
    study=f"2.25.{_LEAST_UID + 1}",
    series=f"2.25.{_LEAST_UID + 2}",
    instance=f"2.25.{_LEAST_UID + 3}",
    patient_id="SIMULATED-999999",
    accession_number="SIM-9999999999",
    instance_number="2147483647",
    priority="PRIORITY",
)


@dataclass(frozen=True, slots=True)
class Sendable:
    """One image as it goes over the wire. `data` is in `transfer_syntax_uid`, or is meant not to be."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    data: bytes


class Template:
    """One picture, encoded. `context`: its SOP Class UID and its Transfer Syntax UID."""

    def __init__(self, kind: Scanner, number: int) -> None:
        ds = image(kind, number, _PLACES)
        self.side = side_of(kind, number)
        syntax = _SYNTAXES[kind.compression]
        self.context = str(ds.SOPClassUID), str(syntax)
        self._odd = encode(ds, syntax.is_implicit_VR is False, True) or b""
        self._data = encode(_compressed(ds, syntax), syntax.is_implicit_VR, True) or b""

    def named(self, names: Names) -> Sendable:
        """As a new image."""
        return self._sendable(names, _renamed(self._data, names))

    def truncated(self, names: Names) -> Sendable:
        """The same, but it ends in the middle of its pixels."""
        return self._sendable(names, _renamed(self._data, names)[: (_HEAD_BYTES + len(self._data)) // 2])

    def in_wrong_syntax(self, names: Names) -> Sendable:
        """The same, but encoded otherwise than it claims."""
        return self._sendable(names, _renamed(self._odd, names))

    def _sendable(self, names: Names, data: bytes) -> Sendable:
        return Sendable(self.context[0], names.instance, self.context[1], data)


def drawn(kind: Scanner) -> list[Template]:
    """All pictures of a kind of scanner. A mammogram takes about a second."""
    return [Template(kind, number) for number in range(kind.pictures)]


def new_uid(rng: random.Random) -> str:
    """A UID of 44 characters, drawn."""
    return f"2.25.{_LEAST_UID + rng.getrandbits(125)}"


def _renamed(data: bytes, names: Names) -> bytes:
    """With other values in the head. Raises ValueError where a value is missing or of another length."""
    head, rest = data[:_HEAD_BYTES], data[_HEAD_BYTES:]
    for place, value in zip(astuple(_PLACES), astuple(names), strict=True):
        if len(place) != len(value) or head.count(place.encode()) != 1:
            raise ValueError(
                f"a template cannot be given the value {value}: its place is not there, or not as long"
            )
        head = head.replace(place.encode(), value.encode())
    return head + rest


def _compressed(ds: Dataset, syntax: UID) -> Dataset:
    ds = deepcopy(ds)
    ds.file_meta.TransferSyntaxUID = syntax
    if syntax == JPEGBaseline8Bit:
        _to_jpeg(ds)
    elif syntax.is_compressed:
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.compress(syntax, generate_instance_uid=False)
    return ds


def _to_jpeg(ds: Dataset) -> None:
    """Lossy, with subsampled colour (PS3.5 8.2.1): what most sonographs send."""
    pixels = Image.frombytes("RGB", (ds.Columns, ds.Rows), ds.PixelData)
    buffer = io.BytesIO()
    pixels.save(buffer, "JPEG", quality=_JPEG_QUALITY, subsampling="4:2:2")
    ratio = ds.Rows * ds.Columns * 3 / len(buffer.getvalue())
    ds.PixelData = encapsulate([buffer.getvalue()])
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    ds.PhotometricInterpretation = "YBR_FULL_422"
    ds.LossyImageCompression = "01"
    ds.LossyImageCompressionMethod = "ISO_10918_1"
    ds.LossyImageCompressionRatio = f"{ratio:.1f}"
