"""What it costs that compressed frames are decoded in processes of their own: `make bench-decoders`."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless
from rich.console import Console

from service.dicom.codestream import frame_stream
from service.dicom.decoder import library
from service.dicom.decoder.pool import DecoderPool
from service.dicom.decoders import frame_of
from service.dicom.header import read_dataset
from service.dicom.image_pixel import image_pixel
from service.dicom.quiet import quiet
from tests.benchmarks.harness.results import RESULTS, Result, show, write_results
from tests.unit.dicom.builders import in_jpeg, in_transfer_syntax, packaged, speckle, ultrasound

ROUNDS = 15


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, show, and write decoders.json."""
    parser = argparse.ArgumentParser(prog="bench-decoders", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of each, of which the best counts")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the JSON file")
    options = parser.parse_args(arguments)
    results: list[Result] = []
    with quiet(), closing(DecoderPool(1)) as pool:
        for name, make in _IMAGES.items():
            results += _measure(name, image_pixel(make()), pool, options.rounds)
    write_results(options.results / "decoders.json", results)
    show(Console(), "decoding a frame", results)
    return 0


def _measure(name: str, pixel: Dataset, pool: DecoderPool, rounds: int) -> list[Result]:
    frame, stream = frame_of(pixel), frame_stream(pixel, 0)
    pool.decode(frame, stream)  # the process is there
    how = f"best of {rounds}, {frame.rows} x {frame.columns} x {frame.samples}, {len(stream)} bytes"
    ways: dict[str, Callable[[], object]] = {"in a process of its own": lambda: pool.decode(frame, stream)}
    if library.NATIVE[frame.transfer_syntax] != "gdcm":  # which may end this process
        ways["in this process"] = lambda: library.decode(pixel, 0)
    best_ms = _best_ms(ways, rounds)
    results = [Result(f"{name}, {way}", took_ms, "ms", how) for way, took_ms in best_ms.items()]
    if len(ways) > 1:
        more_ms = best_ms["in a process of its own"] - best_ms["in this process"]
        results.append(Result(f"{name}, more", more_ms, "ms", "the difference"))
    return results


def _best_ms(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Of each way, in turns: a busy machine makes all of them slower, and none faster."""
    took_s: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, work in ways.items():
            began_s = time.perf_counter()
            work()
            took_s[way].append(time.perf_counter() - began_s)
    return {way: min(times) * 1000 for way, times in took_s.items()}


def _ultrasound_jpeg() -> Dataset:
    rgb = np.stack([speckle(768, 1024, seed=seed) for seed in range(3)], axis=-1)
    return in_jpeg(ultrasound(rgb), rgb[np.newaxis])


def _mammogram(transfer_syntax: str) -> Dataset:
    gray = speckle(3328, 2560).astype(np.uint16) * 16
    return in_transfer_syntax(ultrasound(gray, BitsStored=12, HighBit=11), transfer_syntax)


_IMAGES: dict[str, Callable[[], Dataset]] = {
    "ultrasound, JPEG": _ultrasound_jpeg,
    "mammogram, JPEG-LS": lambda: _mammogram(JPEGLSLossless),
    "mammogram, JPEG 2000": lambda: _mammogram(JPEG2000Lossless),
    "small, JPEG Lossless": lambda: read_dataset(packaged("SC_rgb_jpeg_gdcm.dcm")),
}


if __name__ == "__main__":
    sys.exit(main())
