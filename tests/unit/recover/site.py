"""A service without processes: its folder, a ledger that can be lost, and the stages one after the other."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from service.config import ReportSettings, Settings
from service.infer.worker import Worker
from service.recover.check import Compared
from service.recover.found import Found
from service.report.reporter import Reporter
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.deliveries import DeliveryState, Proof
from service.storage.store.filesystem import FilesystemStore
from service.study.messages import InferenceRequest, ReportRequest
from service.study.model import Study
from service.study.state import StudyEvent
from service.wiring.recover import open_check, open_rebuild
from tests.fakes.classifier import FakeClassifier
from tests.fakes.datasets import us_dataset
from tests.fakes.pool import INLINE_POOLS
from tests.unit.pipeline import US_TO_PACS, assemble, enqueue, receive, study_of

LONG_AGO = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def images(count: int) -> list[Dataset]:
    """Images of one study with the file meta information that they are sent with."""
    uid = generate_uid()
    made = []
    for _ in range(count):
        ds = us_dataset(StudyInstanceUID=uid)
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        made.append(ds)
    return made


class Site:
    """In `folder`. `url` is of its ledger, one in SQLite where it is empty."""

    def __init__(self, folder: Path, url: str = "", **settings: Any) -> None:
        ledger = {"url": url} if url else {}
        accept = {"min_free_bytes": 0} | settings.pop("accept", {})
        self.settings = Settings.model_validate(
            {"data_folder": folder, "ledger": ledger, "accept": accept, **settings}
        )
        self.folder = folder
        self.store = FilesystemStore(folder / "store")
        self.classifier = FakeClassifier()
        self.ledger = Ledger(self.settings.ledger_url)
        self.ledger.upgrade()

    def lose_ledger(self) -> None:
        """The database is gone, and a new one is empty."""
        self.close()
        for path in self.folder.glob("ledger.sqlite3*"):
            path.unlink()
        self.ledger = Ledger(self.settings.ledger_url)
        self.ledger.upgrade()

    def close(self) -> None:
        """Let go of the ledger."""
        self.ledger.close()

    def rebuild(
        self, *, since: timedelta = timedelta(days=7), adds_missing: bool = False, dry: bool = False
    ) -> Found:
        """What the command does."""
        moment = datetime.now(UTC) - since
        with open_rebuild(self.settings, moment, adds_missing=adds_missing, dry=dry) as run:
            return run.run()

    def check(self, share: float = 1.0) -> Compared:
        """What the command does."""
        with open_check(self.settings, share) as run:
            return run.run()

    def receive(self, datasets: Sequence[Dataset]) -> str:
        """Returns the study's UID."""
        return receive(self.ledger, self.store, datasets)

    def analyse(self, uid: str) -> None:
        """Until its objects are written and wait to be sent."""
        assemble(self.ledger, self.store)
        enqueue(self.ledger, self.store, US_TO_PACS)
        revision = self.study(uid).revision
        worker = Worker(self.ledger, self.store, {"us-mass": self.classifier}, INLINE_POOLS, max_frames=4)
        worker.handle(InferenceRequest(uid, revision, "us-mass").to_json())
        Reporter(self.ledger, self.store, ReportSettings()).handle(ReportRequest(uid, revision).to_json())

    def deliver(self, uid: str) -> None:
        """The PACS takes all that waits."""
        revision = self.study(uid).revision
        with self.ledger.begin() as tx:
            for one in tx.deliveries.waiting(uid, revision, "pacs"):
                tx.deliveries.mark(
                    one.sop_instance_uid, "pacs", DeliveryState.DELIVERED, Proof.QUERY, "found there"
                )
            tx.studies.move(uid, StudyEvent.ALL_DELIVERED, "all objects have arrived")

    def study(self, uid: str) -> Study:
        """It must be there."""
        return study_of(self.ledger, uid)

    def waiting(self, uid: str) -> set[str]:
        """UIDs of the objects that wait to be sent."""
        with self.ledger.read() as tx:
            return {
                one.sop_instance_uid
                for one in tx.deliveries.of_studies([uid])
                if one.state is DeliveryState.WAITING
            }

    def objects(self, uid: str) -> dict[str, bytes]:
        """The result objects in the store."""
        return {key: self.store.get(key) for key in self.store.keys(f"objects/{uid}/")}

    def file_of(self, sop_instance_uid: str) -> Path:
        """Where an image lies."""
        (key,) = [one for one in self.store.keys("instances/") if f"/{sop_instance_uid}-" in one]
        return self.folder / "store" / key

    def age(self, uid: str, written_at: datetime = LONG_AGO) -> None:
        """Have all files of a study written long ago."""
        for key in self.store.keys(f"instances/{uid}/"):
            os.utime(self.folder / "store" / key, (written_at.timestamp(), written_at.timestamp()))
