"""Studies in every state, entered through the ledger as the stages enter them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from service.config import ReportSettings
from service.report.images.heatmap import render_heatmap
from service.report.images.legend import legend_for
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.receive import record_received
from service.storage.ledger.tables.deliveries import DeliveryState, Proof, StoredObject
from service.storage.store.memory import MemoryStore
from service.study.model import Priority, StudyHeader
from service.study.result import (
    AnalysedRegion,
    AnalysisResult,
    ClassifierIdentity,
    ImageRefusal,
    ImageScore,
)
from service.study.state import AnalysisState, StudyEvent
from tests.factories import US_IMAGE, received

ROOT = "1.2.826.0.1.3680043.10.1500"
US_MASS = ClassifierIdentity("us-mass", "1.0.0", "Breast mass on ultrasound", "ab" * 32, 0.3)
DOPPLER = "the image has a colour flow region; B-mode without Doppler is read"
ROWS, COLUMNS = 480, 640


@dataclass(frozen=True)
class Seed:
    """Enters one study; every method leaves the ledger as the stage of that name would."""

    ledger: Ledger
    store: MemoryStore
    number: int

    @property
    def uid(self) -> str:
        return f"{ROOT}.{self.number}"

    def image_uid(self, image: int) -> str:
        return f"{self.uid}.1.{image}"

    def receive(
        self, images: int = 2, minutes_ago: int = 5, priority: str = "routine", **header: Any
    ) -> "Seed":
        described = StudyHeader(
            **{
                "patient_name": "Okafor^Grace^N",
                "patient_id": f"MRN{20400 + self.number}",
                "patient_birth_date": "19680214",
                "patient_sex": "F",
                "accession_number": f"A26{1180 + self.number}",
                "study_date": "20261121",
                "study_time": "091530.000",
                "study_description": "US breast bilateral",
                "modalities": ("US",),
            }
            | header
        )
        for image in range(1, images + 1):
            self.late_image(image, minutes_ago)
        with self.ledger.begin() as tx:
            tx.studies.describe(self.uid, described)
            tx.studies.set_priority(self.uid, Priority(priority))
        return self

    def late_image(self, image: int, minutes_ago: int = 0) -> "Seed":
        record_received(
            self.ledger,
            received(
                study_instance_uid=self.uid,
                sop_instance_uid=self.image_uid(image),
                received_at=datetime.now(UTC) - timedelta(minutes=minutes_ago),
            ),
        )
        return self

    def move(self, event: StudyEvent, reason: str) -> "Seed":
        with self.ledger.begin() as tx:
            tx.studies.move(self.uid, event, reason)
        return self

    def queue(self, *classifiers: str, destinations: tuple[str, ...] = ("pacs",)) -> "Seed":
        self.move(StudyEvent.STUDY_COMPLETE, "complete: 2 images, none new for 60 s")
        with self.ledger.begin() as tx:
            for classifier in classifiers or ("us-mass",):
                tx.analyses.queue(self.uid, self.revision, classifier, destinations)
        return self.move(StudyEvent.WORK_QUEUED, "waiting for us-mass (rule breast-ultrasound)")

    @property
    def revision(self) -> int:
        with self.ledger.read() as tx:
            study = tx.studies.find(self.uid)
        assert study is not None
        return study.revision

    def score(self, image: int, probability: float, side: str, frame: int | None = None) -> ImageScore:
        return ImageScore(
            sop_instance_uid=self.image_uid(image),
            sop_class_uid=US_IMAGE,
            frame_number=frame,
            laterality=side,
            probability=probability,
            positive=probability >= US_MASS.threshold,
            category="3"
            if probability < 0.02
            else "4A"
            if probability < 0.1
            else "4B"
            if probability < 0.5
            else "4C",
            region=AnalysedRegion(0, 0, COLUMNS, ROWS),
            heatmap_key="analyses/secret.npz",
            outline=ring(image),
        )

    def analyse(
        self,
        *scores: ImageScore,
        refusals: tuple[ImageRefusal, ...] = (),
        classifier: ClassifierIdentity = US_MASS,
    ) -> "Seed":
        result = AnalysisResult(self.uid, self.revision, classifier, scores, refusals, datetime.now(UTC))
        state = AnalysisState.SCORED if scores else AnalysisState.NOT_ANALYSED
        reason = f"not analysed because {result.refusal_summary()}"
        if scores:
            reason = f"{len(scores)} of {len(scores) + len(refusals)} images scored"
        with self.ledger.begin() as tx:
            tx.analyses.finish(self.uid, self.revision, classifier.name, state, reason, result)
        return self

    def report(self, *scores: ImageScore, classifier: ClassifierIdentity = US_MASS) -> "Seed":
        """Objects of a study whose analyses are done, waiting at the destination `pacs`."""
        self.move(
            StudyEvent.ANALYSES_FINISHED, f"{classifier.name}: {len(scores)} of {len(scores)} images scored"
        )
        revision = self.revision
        with self.ledger.begin() as tx:
            for place, score in enumerate((*scores, None), start=1):
                stored = self._object(place, revision, score, classifier)
                tx.deliveries.add_object(stored)
                tx.deliveries.add(stored, "pacs")
        return self.move(StudyEvent.OBJECTS_WRITTEN, f"{len(scores) + 1} objects written, being sent to pacs")

    def deliver(
        self, state: DeliveryState = DeliveryState.DELIVERED, detail: str = "stored (status 0x0000)"
    ) -> "Seed":
        proof = Proof.STORE_STATUS if state is DeliveryState.DELIVERED else Proof.NONE
        with self.ledger.begin() as tx:
            deliveries = tx.deliveries.of_study(self.uid, self.revision)
            for delivery in deliveries:
                tx.deliveries.mark(delivery.sop_instance_uid, "pacs", state, proof, detail)
        if state is DeliveryState.DELIVERED:
            return self.move(StudyEvent.ALL_DELIVERED, f"{len(deliveries)} objects delivered to pacs")
        return self.move(StudyEvent.GAVE_UP, f"pacs rejected {len(deliveries)} objects: {detail}")

    def delivered(self, *scores: ImageScore, **values: Any) -> "Seed":
        """A study that has gone all the way with these scores."""
        return self.queue().analyse(*scores, **values).report(*scores).deliver()

    def _object(
        self, place: int, revision: int, score: ImageScore | None, classifier: ClassifierIdentity
    ) -> StoredObject:
        kind = "sr" if score is None else "heatmap"
        uid = f"{self.uid}.9.{revision}.{place}"
        key = f"objects/{self.uid}/{uid}.dcm"
        if score is not None:
            self.store.put(key, heatmap_object(uid, self.uid, score, classifier))
        return StoredObject(
            sop_instance_uid=uid,
            study_instance_uid=self.uid,
            revision=revision,
            classifier=classifier.name,
            kind=kind,
            sop_class_uid=SecondaryCaptureImageStorage,
            series_instance_uid=f"{self.uid}.9",
            key=key,
            created_at=datetime.now(UTC),
        )


def heatmap_object(
    uid: str, study_instance_uid: str, score: ImageScore, classifier: ClassifierIdentity
) -> bytes:
    """A heatmap as the report stage writes it: RGB Secondary Capture, Explicit VR Little Endian."""
    image = int(score.sop_instance_uid.rsplit(".", 1)[1])
    legend = legend_for(score, classifier, ReportSettings())
    heat = np.clip(lesion(image) * np.float32(1.6 * score.probability + 0.1), 0, 1)
    rgb = render_heatmap(speckle(image), heat, score.outline if score.positive else (), legend)
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID, ds.SOPInstanceUID = SecondaryCaptureImageStorage, uid
    ds.StudyInstanceUID, ds.SeriesInstanceUID = study_instance_uid, f"{study_instance_uid}.9"
    ds.Modality = "OT"
    ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.PlanarConfiguration = *rgb.shape, 0
    ds.PhotometricInterpretation = "RGB"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.PixelData = rgb.tobytes()
    source = Dataset()
    source.ReferencedSOPInstanceUID = score.sop_instance_uid
    if score.frame_number is not None:
        source.ReferencedFrameNumber = score.frame_number
    ds.SourceImageSequence = [source]
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


@cache
def speckle(image: int) -> NDArray[np.uint8]:
    """A B-mode-like picture: layered tissue, speckle, a dark mass with a shadow; uint8 (rows, columns, 3)."""
    rng = np.random.default_rng(image)
    row = np.linspace(0, 1, ROWS)[:, np.newaxis]
    layers = 0.5 + 0.18 * np.sin(19 * row + 0.6 * np.sin(9 * np.linspace(0, 1, COLUMNS))) - 0.22 * row
    echo = layers * (1 - 0.72 * (lesion(image) > 0.42))
    grain = rng.rayleigh(0.8, (ROWS // 2, COLUMNS // 4)).repeat(2, 0).repeat(4, 1)
    grain = (grain + np.roll(grain, 1, 0) + np.roll(grain, 2, 1) + np.roll(grain, 3, 1)) / 4
    fan = np.abs(np.linspace(-1, 1, COLUMNS)) < 0.78 + 0.2 * row
    grey = np.clip(255 * echo * grain**1.3 * fan * 0.9, 0, 255).astype(np.uint8)
    return np.repeat(grey[..., np.newaxis], 3, axis=2)


def ring(image: int) -> tuple[tuple[float, float], ...]:
    """A polygon round the mass, as (column, row)."""
    x, y = _centre(image)
    turns = np.linspace(0, 2 * np.pi, 48)
    return tuple((float(x + 78 * np.cos(t)), float(y + 58 * np.sin(t))) for t in turns)


def _centre(image: int) -> tuple[float, float]:
    return 230 + 67.0 * (image * 2 % 5) / 2, 150 + 23.0 * (image * 3 % 4)


def lesion(image: int) -> NDArray[np.float32]:
    """Where the mass is, 0 to 1, as float32 (rows, columns)."""
    x, y = _centre(image)
    rows, columns = np.mgrid[:ROWS, :COLUMNS]
    shape: NDArray[np.float32] = np.exp(-(((columns - x) / 72) ** 2 + ((rows - y) / 52) ** 2)).astype(
        np.float32
    )
    return shape
