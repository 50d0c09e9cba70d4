"""The decoder process: a compressed frame on standard input, its pixels on standard output, and so on.

Started by `service.dicom.decoder.process`. What it may take is bounded by the system: memory by the size of
the frame, processor time, and no file, socket or process that it has not had before the first frame.
"""

import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

if __name__ == "__main__":  # the very tree that this file is from, whatever else is installed
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from service.dicom.decoder import library
from service.dicom.decoder.wire import Frame, receive_frame, send_pixels, send_refusal

LEAST_BYTES = 256 * 1024**2
BYTES_OF_SAMPLE = 32
"""Four times what was measured: JPEG 2000 of 16 bits takes 8 for each sample, the others less."""
COPIES = 4
"""Of the compressed frame, on its way through pydicom."""
MOST_BYTES = 4 * 1024**3
PROCESSOR_S = 120
"""Processor time for one frame, should whoever asked be gone and not end this process."""
MOST_STREAM_BYTES = 2 * 1024**3

_FORBIDDEN = (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE)

Decode = Callable[[Frame, bytes], NDArray[np.generic]]


def serve(decode: Decode) -> None:
    """Answer until standard input ends."""
    asked, answers = _own_streams()
    memory = os.open("/proc/self/statm", os.O_RDONLY) if sys.platform == "linux" else -1
    _forbid_the_rest()
    while (received := receive_frame(asked, MOST_STREAM_BYTES)) is not None:
        _bound(*received, memory)
        try:
            pixels = decode(*received)
        except Exception as error:  # whatever a library raises at damaged bytes
            send_refusal(answers, type(error).__name__)
        else:
            send_pixels(answers, pixels)
        _limit(resource.RLIMIT_AS, resource.RLIM_INFINITY)  # the next frame may be larger


def decode(frame: Frame, stream: bytes) -> NDArray[np.generic]:
    """By the library that is for its transfer syntax. Raises whatever that raises."""
    return library.decode(_dataset(frame, stream), 0)


def _dataset(frame: Frame, stream: bytes) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(frame.transfer_syntax)
    ds.Rows, ds.Columns, ds.NumberOfFrames = frame.rows, frame.columns, 1
    ds.SamplesPerPixel, ds.PhotometricInterpretation = frame.samples, frame.photometric
    if frame.planar is not None:
        ds.PlanarConfiguration = frame.planar
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = frame.allocated, frame.stored, frame.stored - 1
    ds.PixelRepresentation = int(frame.is_signed)
    ds.PixelData = encapsulate([stream])
    ds["PixelData"].VR = "OB"
    return ds


def _own_streams() -> tuple[IO[bytes], IO[bytes]]:
    """Ours; what a library prints goes nowhere. A stop that is meant for the service is not for us."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return sys.stdin.buffer, answers


def _load_libraries() -> None:
    """All that they would read from files later."""
    Image.init()
    for transfer_syntax in library.NATIVE:
        library.is_installed(UID(transfer_syntax))


def _forbid_the_rest() -> None:
    """No new file or socket, no process, no file that grows; no core file, which would hold the pixels."""
    for limit in _FORBIDDEN:
        resource.setrlimit(limit, (0, 0))


def _bound(frame: Frame, stream: bytes, memory: int) -> None:
    """What this frame may take beyond what the process has by now."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + PROCESSOR_S)
    if memory >= 0:
        mapped = int(os.pread(memory, 64, 0).split()[0]) * resource.getpagesize()
        samples = frame.rows * frame.columns * frame.samples
        allowed = min(LEAST_BYTES + BYTES_OF_SAMPLE * samples + COPIES * len(stream), MOST_BYTES)
        _limit(resource.RLIMIT_AS, mapped + allowed)


def _limit(what: int, value: int) -> None:
    """The soft one, which the next frame may raise again, up to the hard one that this process came with."""
    _, hard = resource.getrlimit(what)
    if hard != resource.RLIM_INFINITY:
        value = hard if value == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, hard))


if __name__ == "__main__":
    import warnings

    warnings.simplefilter("ignore")  # they quote values
    _load_libraries()
    serve(decode)
