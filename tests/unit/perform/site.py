"""A manager, a PACS and a ledger for workitems, and what the stages do to a study, by hand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pydicom.dataset import Dataset

from service.config import TaskManager
from service.perform.desk import Desk
from service.perform.outputs import Place
from service.perform.performer import Performer
from service.perform.port import Inputs
from service.perform.ups_rs import UpsRs
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.receive import record_received
from service.storage.ledger.tables.deliveries import DeliveryState, Proof, StoredObject
from service.study.state import AnalysisState, StudyEvent
from service.study.workitem import HeldWorkitem, WorkitemInput
from tests.factories import STUDY, US_IMAGE, received, result
from tests.fakes.workitems import CODE, SERIES, attributes, input_item
from tests.servers.ups_rs import UpsServer, Workitem

SR = "1.2.840.10008.5.1.4.1.1.88.34"
IMAGE = f"{STUDY}.1.77"
UID = "1.9.1"


@dataclass
class Pacs:
    """Has the input, unless a problem is set; `asked` is what was fetched of it."""

    ledger: Ledger
    problem: str = ""
    asked: list[WorkitemInput] = field(default_factory=list)
    during: Callable[[], object] = lambda: None

    def fetch(self, what: WorkitemInput, progress: Callable[[int, int], object]) -> str:
        self.asked.append(what)
        self.during()
        progress(0, 1)
        if not self.problem:
            record_received(self.ledger, received(sop_instance_uid=IMAGE))
        return self.problem


@dataclass
class Site:
    """A manager, a PACS, a ledger, and a clock that a test moves."""

    ups: UpsServer
    ledger: Ledger
    pacs: Pacs
    now: datetime = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)

    def performer(self, inputs: Inputs | None = None, **settings: Any) -> Performer:
        """As a process that has just started."""
        task = {
            "code": CODE.value,
            "scheme": CODE.scheme,
            "classifiers": ["us-mass"],
            "destinations": ["pacs"],
        }
        manager = TaskManager.model_validate({"name": "ris", "url": self.ups.url, "tasks": [task]} | settings)
        desk = Desk(
            self.ledger,
            manager,
            UpsRs(manager, {US_IMAGE}),
            {"pacs": Place(ae_title="PACS")},
            lambda: self.now,
        )
        return Performer(desk, inputs or self.pacs)

    def offer(self, uid: str = UID, *inputs: Dataset, **values: Any) -> Workitem:
        return self.ups.add(attributes(uid, *(inputs or (input_item(STUDY, SERIES, IMAGE),)), **values))

    def held(self, uid: str = UID) -> HeldWorkitem:
        with self.ledger.read() as tx:
            found = tx.workitems.find(uid)
        assert found is not None
        return found

    def pass_time(self, seconds: float = 61.0) -> None:
        self.now += timedelta(seconds=seconds)

    def events(self) -> list[str]:
        with self.ledger.read() as tx:
            return [entry.event for entry in tx.studies.history(STUDY)]


def go(ledger: Ledger, *events: StudyEvent) -> None:
    with ledger.begin() as tx:
        for event in events:
            tx.studies.move(STUDY, event, event)


def analyse(
    ledger: Ledger, state: AnalysisState = AnalysisState.SCORED, reason: str = "1 image scored"
) -> None:
    """What the stages do, up to their end."""
    go(ledger, StudyEvent.STUDY_COMPLETE)
    finish(ledger, state, reason)


def finish(
    ledger: Ledger, state: AnalysisState = AnalysisState.SCORED, reason: str = "1 image scored"
) -> None:
    """The same for a study that is assembled."""
    go(ledger, StudyEvent.WORK_QUEUED)
    with ledger.begin() as tx:
        study = tx.studies.lock(STUDY)
        tx.analyses.queue(STUDY, study.revision, "us-mass", ("pacs",))
        scored = state is AnalysisState.SCORED
        tx.analyses.finish(STUDY, study.revision, "us-mass", state, reason, result() if scored else None)
    if not scored:
        go(ledger, StudyEvent.EVERYTHING_REFUSED)
        return
    go(ledger, StudyEvent.ANALYSES_FINISHED, StudyEvent.OBJECTS_WRITTEN)
    with ledger.begin() as tx:
        report = StoredObject(
            "1.7", STUDY, study.revision, "us-mass", "sr", SR, "1.7.1", "1.dcm", datetime.now(UTC)
        )
        tx.deliveries.add_object(report)
        tx.deliveries.add(report, "pacs")
        tx.deliveries.mark("1.7", "pacs", DeliveryState.DELIVERED, Proof.COMMITMENT, "committed")
    go(ledger, StudyEvent.ALL_DELIVERED)
