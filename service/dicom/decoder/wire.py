"""How a frame goes to a decoder process and comes back: lengths, a little JSON, and the bytes themselves.

Nothing that can do more than be a value: whoever takes over the process gains nothing by what it answers.
"""

import json
import struct
from dataclasses import asdict, dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

_HEAD = struct.Struct(">IQ")
"""Bytes of the JSON, bytes after it."""
_MOST_JSON_BYTES = 4096
_TYPES = ("|u1", "|i1", "<u2", "<i2")


class BrokenOff(EOFError):  # noqa: N818 - what happened
    """The other side has ended, or says what cannot be."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One compressed frame: the Image Pixel Module (PS3.3 C.7.6.3), and which transfer syntax."""

    transfer_syntax: str
    rows: int
    columns: int
    samples: int
    photometric: str
    planar: int | None
    allocated: int
    stored: int
    is_signed: bool

    @property
    def most_bytes(self) -> int:
        """That its pixels can have, decoded: two for each sample."""
        return 2 * self.rows * self.columns * max(self.samples, 3)


def send_frame(to: IO[bytes], frame: Frame, stream: bytes) -> None:
    """Raises OSError."""
    _send(to, asdict(frame), stream)


def receive_frame(source: IO[bytes], most_bytes: int) -> tuple[Frame, bytes] | None:
    """None at the end. Raises BrokenOff."""
    received = _receive(source, most_bytes)
    return None if received is None else (Frame(**received[0]), bytes(received[1]))


def send_pixels(to: IO[bytes], pixels: NDArray[np.generic]) -> None:
    """Raises OSError."""
    whole = np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder("<"), copy=False))
    _send(to, {"type": whole.dtype.str, "shape": list(whole.shape)}, whole.data.cast("B"))


def send_refusal(to: IO[bytes], error: str) -> None:
    """`error`: the type of what the library raised. Raises OSError."""
    _send(to, {"error": error}, b"")


def receive_answer(source: IO[bytes], frame: Frame) -> NDArray[np.generic] | str:
    """The pixels, or the type of the error. Raises BrokenOff, also for what this frame cannot have."""
    received = _receive(source, frame.most_bytes)
    if received is None:
        raise BrokenOff
    said, data = received
    if "error" in said:
        return str(said["error"])[:64]
    shapes = [[frame.rows, frame.columns], [frame.rows, frame.columns, 3]]
    if said.get("type") not in _TYPES or said.get("shape") not in shapes:
        raise BrokenOff
    try:
        return np.frombuffer(data, np.dtype(said["type"])).reshape(said["shape"])
    except ValueError:
        raise BrokenOff from None


def _send(to: IO[bytes], said: dict[str, Any], data: bytes | memoryview) -> None:
    text = json.dumps(said).encode()
    to.write(_HEAD.pack(len(text), len(data)) + text)
    to.write(data)
    to.flush()


def _receive(source: IO[bytes], most_bytes: int) -> tuple[dict[str, Any], bytearray] | None:
    head = source.read(_HEAD.size)
    if not head:
        return None
    if len(head) < _HEAD.size:
        raise BrokenOff
    text_bytes, data_bytes = _HEAD.unpack(head)
    if text_bytes > _MOST_JSON_BYTES or data_bytes > most_bytes:
        raise BrokenOff
    try:
        said = json.loads(_exactly(source, text_bytes))
    except ValueError:
        raise BrokenOff from None
    if not isinstance(said, dict):
        raise BrokenOff
    return said, _exactly(source, data_bytes)


def _exactly(source: IO[bytes], count: int) -> bytearray:
    """So many bytes, straight into their place."""
    data = bytearray(count)
    view, filled = memoryview(data), 0
    while filled < count:
        got = source.readinto(view[filled:])  # type: ignore[attr-defined] # of every buffered reader
        if not got:
            raise BrokenOff
        filled += got
    return data
