"""Code in C over damaged bytes: it may crash, hang or take all memory, and only that one image is refused."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels import pixel_array
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless

from service.dicom import decoders
from service.dicom.decoder import process as decoder_process
from service.dicom.decoder.pool import DecoderPool
from service.dicom.decoder.process import ProcessEnded
from service.dicom.decoder.wire import Frame
from service.dicom.frames import decode_frames
from service.errors import UnsupportedPixels
from tests.unit.dicom import bad_decoders as bad
from tests.unit.dicom.builders import (
    as_rgb,
    in_jpeg,
    in_transfer_syntax,
    packaged,
    part10,
    speckle,
    ultrasound,
)

FRAME = Frame("1.2.840.10008.1.2.4.50", 4, 6, 1, "MONOCHROME2", None, 8, 8, False)
Make = Callable[..., DecoderPool]


@pytest.fixture
def pool() -> Iterator[Make]:
    """Makes pools; they end with the test."""
    made: list[DecoderPool] = []

    def make(child: Path, time_limit_s: float = 30.0) -> DecoderPool:
        made.append(DecoderPool(2, child, time_limit_s))
        return made[-1]

    yield make
    for one in made:
        one.close()


@contextmanager
def decoding_with(monkeypatch: pytest.MonkeyPatch, pool: DecoderPool) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(decoders, "POOL", pool)
        yield


def jpeg() -> Dataset:
    rgb = as_rgb(speckle())
    return in_jpeg(ultrasound(rgb), rgb[np.newaxis])


@pytest.mark.parametrize("body", [bad.CRASHES, bad.ABORTS])
def test_decoder_that_crashes_refuses_its_frame_and_no_other(
    pool: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    with (
        decoding_with(monkeypatch, pool(bad.misbehaving(tmp_path, body))),
        pytest.raises(UnsupportedPixels, match="ends the decoder, so it is damaged"),
    ):
        next(decode_frames(part10(jpeg()), [0]))

    assert next(decode_frames(part10(jpeg()), [0])).shape == (96, 128, 3)


def test_decoder_that_hangs_is_given_up(pool: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.monotonic()
    with (
        decoding_with(monkeypatch, pool(bad.misbehaving(tmp_path, bad.HANGS), time_limit_s=3.0)),
        pytest.raises(UnsupportedPixels, match="takes too long, so it is damaged"),
    ):
        next(decode_frames(part10(jpeg()), [0]))
    assert time.monotonic() - began < 20


def test_decoder_that_eats_memory_gets_no_more_than_its_frame_may_take(pool: Make, tmp_path: Path) -> None:
    answer = pool(bad.misbehaving(tmp_path, bad.EATS_MEMORY)).decode(FRAME, b"x")

    assert isinstance(answer, str)
    assert "MemoryError" in answer


@pytest.mark.parametrize("body", [bad.OPENS_A_FILE, bad.OPENS_A_SOCKET])
def test_decoder_can_open_nothing(pool: Make, tmp_path: Path, body: str) -> None:
    assert pool(bad.misbehaving(tmp_path, body)).decode(FRAME, b"x") == "OSError"


def test_what_a_library_prints_is_no_answer(pool: Make, tmp_path: Path) -> None:
    answer = pool(bad.misbehaving(tmp_path, bad.PRINTS)).decode(FRAME, b"x")

    assert isinstance(answer, np.ndarray)
    assert answer.shape == (4, 6)


@pytest.mark.parametrize("body", [bad.ANSWERS_ANOTHER_SHAPE, bad.ANSWERS_TOO_MUCH, bad.ANSWERS_OBJECTS])
def test_answer_that_the_frame_cannot_have_is_none(pool: Make, tmp_path: Path, body: str) -> None:
    with pytest.raises(ProcessEnded):
        pool(bad.misbehaving(tmp_path, body)).decode(FRAME, b"x")


def test_frame_is_tried_again_where_the_system_has_ended_its_decoder(pool: Make, tmp_path: Path) -> None:
    answer = pool(bad.misbehaving_once(tmp_path, "os.kill(os.getpid(), 9)")).decode(FRAME, b"x")

    assert isinstance(answer, np.ndarray)
    assert answer[0, 0] == 7


def test_idle_decoder_that_was_ended_is_replaced(pool: Make, tmp_path: Path) -> None:
    one = pool(bad.misbehaving(tmp_path, bad.IS_LATE))
    one.decode(FRAME, b"x")
    os.kill(one._idle[0]._process.pid, signal.SIGKILL)

    assert isinstance(one.decode(FRAME, b"x"), np.ndarray)


def test_stop_of_the_service_is_not_for_its_decoders(pool: Make, tmp_path: Path) -> None:
    one = pool(bad.misbehaving(tmp_path, bad.IS_LATE))
    one.decode(FRAME, b"x")
    busy = one._idle[0]._process
    for number in (signal.SIGTERM, signal.SIGINT):
        busy.send_signal(number)

    assert isinstance(one.decode(FRAME, b"x"), np.ndarray)
    assert busy.poll() is None
    assert os.getpgid(busy.pid) != os.getpgid(0)


def test_decoder_ends_when_nobody_can_ask_it_any_more(pool: Make, tmp_path: Path) -> None:
    one = pool(bad.misbehaving(tmp_path, bad.IS_LATE))
    one.decode(FRAME, b"x")
    decoder = one._idle[0]
    decoder._to.close()

    assert decoder._process.wait(10) == 0


def test_no_more_decoders_than_places_whoever_asks(pool: Make, tmp_path: Path) -> None:
    one, most, lock = pool(bad.misbehaving(tmp_path, bad.IS_LATE)), 0, threading.Lock()
    started: list[object] = []
    original = decoder_process.DecoderProcess.__init__

    def counted(self: decoder_process.DecoderProcess, child: Path) -> None:
        with lock:
            started.append(self)
        original(self, child)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoder_process.DecoderProcess, "__init__", counted)
        with ThreadPoolExecutor(6) as threads:
            answers = list(threads.map(lambda _: one.decode(FRAME, b"x"), range(12)))

    assert all(isinstance(answer, np.ndarray) for answer in answers)
    assert most < len(started) <= 2


def test_decoders_see_nothing_of_the_environment_that_could_be_a_secret(
    monkeypatch: pytest.MonkeyPatch, pool: Make, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret of tests only")
    tell = "return np.full((frame.rows, frame.columns), 'AWS_SECRET_ACCESS_KEY' in os.environ, np.uint8)"
    answer = pool(bad.misbehaving(tmp_path, tell)).decode(FRAME, b"x")

    assert isinstance(answer, np.ndarray)
    assert not answer.any()


@pytest.mark.parametrize("uid", [JPEGLSLossless, JPEG2000Lossless])
@pytest.mark.parametrize("bits", [8, 16])
def test_pixels_from_a_process_are_those_of_pydicom_to_the_bit(uid: str, bits: int) -> None:
    gray = speckle().astype(np.uint16) * (257 if bits == 16 else 1)
    ds = in_transfer_syntax(ultrasound(gray.astype(f"u{bits // 8}")), uid)

    found = next(decode_frames(part10(ds), [0]))

    assert np.array_equal(pixel_array(ds), gray)
    assert np.array_equal(found[..., 0], speckle())


def test_damaged_codestream_is_refused_with_the_words_of_a_library_that_raises() -> None:
    ds = jpeg()
    stream = bytearray(ds.PixelData[16:])
    middle = len(stream) // 2
    stream[4:middle] = os.urandom(middle - 4)
    ds.PixelData = encapsulate([bytes(stream)])

    with pytest.raises(UnsupportedPixels):
        next(decode_frames(part10(ds), [0]))


def test_real_jpeg_lossless_is_decoded_by_one_process_again_and_again() -> None:
    began = time.monotonic()
    for _ in range(5):
        next(decode_frames(packaged("SC_rgb_jpeg_gdcm.dcm"), [0]))

    assert time.monotonic() - began < 20
