"""The way of a study whose series are analysed as they come, without processes or servers."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset

from service.assemble.assembler import Assembler
from service.assemble.series_assembler import SeriesAssembler
from service.config import AssembleSettings, Destination, ReportSettings, Rule, SeriesCompleteness
from service.enqueue.enqueuer import Enqueuer
from service.enqueue.series_enqueuer import SeriesEnqueuer
from service.infer.worker import Worker
from service.report.reporter import Reporter
from service.send.sender import Sender
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.analyses import Analysis
from service.storage.store.memory import MemoryStore
from service.study.model import Study
from tests.fakes.classifier import FakeClassifier
from tests.fakes.link import FakePacs
from tests.fakes.pool import INLINE_POOLS
from tests.unit.pipeline import headers_for, messages, phantom, receive, study_of

SWEEPS: dict[str, Any] = {
    "name": "sweeps",
    "when": {"SeriesDescription": {"matches": "sweep*"}},
    "level": "series",
    "classifiers": ["us-mass"],
    "destinations": ["pacs"],
}
PACS = Destination(name="pacs", host="127.0.0.1", port=104, ae_title="PACS")


def series(description: str, number: int, image: int = 0) -> Dataset:
    """One image of the phantom study, in a series of its own by `number`."""
    ds = phantom()[image]
    ds.SeriesDescription = description
    ds.SeriesInstanceUID = f"{ds.StudyInstanceUID}.{number}"
    ds.SOPInstanceUID = f"{ds.SeriesInstanceUID}.{image}"
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return ds


class Pacs(FakePacs):
    """Keeps what it is sent, and counts how often each object came."""

    @property
    def objects(self) -> dict[str, Dataset]:
        return {uid: dcmread(BytesIO(data)) for uid, data in self.held.items()}

    @property
    def times(self) -> dict[str, int]:
        return {uid: self.got.count(uid) for uid in self.got}

    def reports(self) -> list[Dataset]:
        """The Structured Reports in the order of their arrival."""
        return [ds for ds in self.objects.values() if ds.Modality == "SR"]


class Way:
    """All stages, their clock, and a PACS. A series is quiet after 20 s, the study after 60 s."""

    def __init__(self, ledger: Ledger, store: MemoryStore, *rules: dict[str, Any]) -> None:
        self.ledger, self.store = ledger, store
        self.rules = [Rule.model_validate(rule) for rule in rules or (SWEEPS,)]
        self.now = datetime.now(UTC)
        self.classifier = FakeClassifier()
        self.pacs = Pacs()
        self.uid = ""
        self.restart()

    def restart(self) -> None:
        """As after a crash of every process: what is in memory is lost."""
        headers = headers_for(self.store, *self.rules)
        hand_on = SeriesEnqueuer(self.ledger, self.rules, headers.header_of).enqueue
        self.series = SeriesAssembler(self.ledger, headers, SeriesCompleteness(), hand_on, lambda: self.now)
        self.assembler = Assembler(self.ledger, headers, AssembleSettings(), clock=lambda: self.now)
        self.enqueuer = Enqueuer(self.ledger, self.rules, headers.header_of)
        self.worker = Worker(
            self.ledger, self.store, {"us-mass": self.classifier}, INLINE_POOLS, max_frames=4
        )
        self.reporter = Reporter(self.ledger, self.store, ReportSettings())
        self.sender = Sender(
            self.ledger, self.store, {"pacs": PACS}, self.pacs.open, wait_s=0.0, now=lambda: self.now
        )

    def send(self, *datasets: Dataset) -> None:
        """Receive images now; a turn sees them."""
        self.uid = receive(self.ledger, self.store, datasets, at=self.now)
        self.turn()

    def turn(self, seconds: float = 0.0) -> Study:
        """One turn of assembling and enqueueing, after so many seconds more."""
        self.now += timedelta(seconds=seconds)
        self.assembler.assemble_complete()
        self.series.assemble_complete()
        self.enqueuer.enqueue_assembled()
        return self.study

    def analyse(self) -> int:
        """Work on every inference request. Returns how many there were."""
        requests = messages(self.ledger, "inference.us-mass")
        for body in requests:
            self.worker.handle(body)
        return len(requests)

    def deliver(self) -> None:
        """Write and send every report."""
        for body in messages(self.ledger, "report"):
            self.reporter.handle(body)
        for body in messages(self.ledger, "delivery.pacs"):
            self.sender.handle(body)

    @property
    def study(self) -> Study:
        return study_of(self.ledger, self.uid)

    def analyses(self) -> tuple[Analysis, ...]:
        """All of the study, oldest revision first."""
        with self.ledger.read() as tx:
            return tx.analyses.of_studies([self.uid])

    def history(self) -> list[tuple[str, str]]:
        """Event and reason of all that happened to the study."""
        with self.ledger.read() as tx:
            return [(entry.event, entry.reason) for entry in tx.studies.history(self.uid)]


def predecessor_of(report: Dataset) -> str:
    """The SOP Instance UID of the report that this one replaces; empty where there is none."""
    if "PredecessorDocumentsSequence" not in report:
        return ""
    (study,) = report.PredecessorDocumentsSequence
    (of_series,) = study.ReferencedSeriesSequence
    (instance,) = of_series.ReferencedSOPSequence
    return str(instance.ReferencedSOPInstanceUID)
