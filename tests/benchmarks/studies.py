"""Ultrasound studies as a scanner sends them, JPEG-compressed, received and complete, for workers to read."""

import io
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit, generate_uid
from pynetdicom.dsutils import encode

from service.accept.instance.receiver import InstanceReceiver
from service.accept.intake.port import DirectIntake
from service.assemble.assembler import Assembler
from service.assemble.headers import Headers
from service.cli.demo.phantom import REGION_LEFT, REGION_SHAPE, REGION_TOP, SIDES, SPACING_MM, phantom_screen
from service.cli.demo.tissue import Lesion
from service.cli.demo.ultrasound import ImageIdentity, StudyIdentity, add_region, ultrasound_image
from service.config import AcceptSettings, AssembleSettings
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.receive import record_received
from service.storage.store.port import InstanceStore
from service.study.messages import InferenceRequest
from service.study.state import StudyEvent

ROWS, COLUMNS = 600, 800
TOP = 20
"""Rows of the phantom's screen that are cut off above, to come to ROWS."""
JPEG_QUALITY = 90
_UNCOMPRESSED_BYTES = ROWS * COLUMNS * 3


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where studies are received: a ledger and a store."""

    ledger: Ledger
    store: InstanceStore


def jpeg_frames(count: int) -> list[Dataset]:
    """`count` different phantoms of 600 x 800 pixels, JPEG Baseline, YBR_FULL_422. Each takes a second."""
    rng = np.random.default_rng(0)
    return [_jpeg_frame(rng, *SIDES[number % len(SIDES)][:2]) for number in range(count)]


def receive_study(shelf: Shelf, frames: Sequence[Dataset]) -> str:
    """What C-STORE does with a new study of these frames, each under a new UID. Returns the study's UID."""
    study, series = generate_uid(), generate_uid()
    receiver = InstanceReceiver(
        shelf.store,
        DirectIntake(partial(record_received, shelf.ledger)),
        AcceptSettings(min_free_bytes=0),
    )
    for ds in _renamed(frames, study, series):
        status = receiver.receive(
            encode(ds, False, True), ds.SOPClassUID, ds.SOPInstanceUID, JPEGBaseline8Bit, "BENCHMARK"
        )
        if status != 0:
            raise RuntimeError(f"the study was not received: status 0x{int(status):04X}")
    return str(study)


def assemble(shelf: Shelf) -> None:
    """Every study that was received is complete."""
    Assembler(
        shelf.ledger, Headers(shelf.store, ()), AssembleSettings(quiet_period_s=1e-6)
    ).assemble_complete()


def queue(ledger: Ledger, studies: Sequence[str], classifier: str) -> None:
    """Ask for the classifier on complete studies, in one transaction, so that none begins before the rest."""
    with ledger.begin() as tx:
        for uid in studies:
            tx.analyses.queue(uid, 1, classifier, ())
            tx.outbox.add(InferenceRequest(uid, 1, classifier))
            tx.studies.move(uid, StudyEvent.WORK_QUEUED, "queued by the benchmark")


def _jpeg_frame(rng: np.random.Generator, laterality: str, lesion: Lesion) -> Dataset:
    screen = phantom_screen(rng, laterality, lesion, "RGB")
    pixels = np.zeros((ROWS, COLUMNS, 3), np.uint8)
    pixels[:, : screen.shape[1]] = screen[TOP : TOP + ROWS]
    study = StudyIdentity("", "PHANTOM^BENCHMARK", "PHANTOM-2", "Speckle phantom", datetime.now(UTC))
    ds = ultrasound_image(study, ImageIdentity("", "", 1, 1, laterality), pixels)
    top = REGION_TOP - TOP
    add_region(ds, (REGION_LEFT, top, REGION_LEFT + REGION_SHAPE[1], top + REGION_SHAPE[0]), SPACING_MM)
    _compress(ds, pixels)
    return ds


def _compress(ds: Dataset, pixels: NDArray[np.uint8]) -> None:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling="4:2:2")
    ds.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    ds.PixelData = encapsulate([buffer.getvalue()])
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    ds.PhotometricInterpretation = "YBR_FULL_422"
    ds.LossyImageCompression = "01"
    ds.LossyImageCompressionMethod = "ISO_10918_1"
    ds.LossyImageCompressionRatio = f"{_UNCOMPRESSED_BYTES / len(buffer.getvalue()):.1f}"


def _renamed(frames: Sequence[Dataset], study: str, series: str) -> Iterator[Dataset]:
    for number, frame in enumerate(frames, start=1):
        ds = deepcopy(frame)
        ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
        ds.SOPInstanceUID, ds.InstanceNumber = generate_uid(), str(number)
        yield ds
