"""One trace tells the way of a study through three processes and RabbitMQ; nobody finds the patient in it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from pydicom.dataset import Dataset

from service.storage.ledger.tables.deliveries import Proof
from service.study.state import StudyState
from service.telemetry.traces.identity import root_of
from service.telemetry.uid_hash import uid_hash
from tests.integration.scanner import new_study, store, write
from tests.integration.test_metrics import PLANTED, SCANNER
from tests.servers.dcmtk import Dcmtk
from tests.servers.orthanc import Orthanc
from tests.servers.otlp import Collector, Received, collecting
from tests.servers.preread import Preread, running
from tests.servers.process import HOST, free_port
from tests.servers.rabbitmq import RabbitMQ, empty_virtual_host

pytestmark = pytest.mark.integration

STATES = ["state.received", "state.assembled", "state.queued", "state.inferred", "state.reported"]


def planted_study(folder: Path) -> tuple[list[Dataset], list[Path]]:
    """A study with a patient who is easily found again, and its files."""
    study = new_study()
    for dataset in study:
        for keyword, text in PLANTED.items():
            setattr(dataset, keyword, text)
    return study, write(study, folder / "study")


def identifiers(study: list[Dataset]) -> set[str]:
    """What names the patient, the study, or any of its images."""
    uids = {str(study[0].StudyInstanceUID), str(study[0].SeriesInstanceUID)}
    return {*PLANTED.values(), "PLANTED", "ALMA", *uids, *(str(one.SOPInstanceUID) for one in study)}


@dataclass(frozen=True)
class Run:
    """A service that has delivered one study by RabbitMQ, what it told, and its study."""

    service: Preread
    collector: Collector
    study: list[Dataset]
    metrics: str

    @property
    def trace_id(self) -> str:
        return f"{root_of(str(self.study[0].StudyInstanceUID), 1).trace_id:032x}"

    @property
    def trace(self) -> list[Received]:
        """The spans of the study's trace, by their beginnings."""
        spans = [span for span in self.collector.spans if span.trace_id == self.trace_id]
        return sorted(spans, key=lambda span: span.start_ns)

    def named(self, name: str) -> list[Received]:
        return [span for span in self.trace if span.name == name]

    def one(self, name: str) -> Received:
        (span,) = self.named(name)
        return span


@pytest.fixture(scope="module")
def run(
    tmp_path_factory: pytest.TempPathFactory, orthanc_server: Orthanc, dcmtk: Dcmtk, rabbitmq: RabbitMQ
) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("traces")
    with collecting() as collector, empty_virtual_host(rabbitmq) as broker:
        service = Preread(
            folder,
            orthanc_server.dicom_port,
            orthanc_server.ae_title,
            accept={"peers": [{"ae_title": SCANNER}]},
            broker={"kind": "rabbitmq", "url": broker},
            traces={"endpoint": collector.url},
        )
        study, files = planted_study(folder)
        with running(service):
            store(dcmtk, service, files)
            delivered = service.wait_for_state(str(study[0].StudyInstanceUID), "delivered", "failed")
            assert delivered.state is StudyState.DELIVERED, delivered.reason
            metrics = "".join(
                httpx.get(f"http://{HOST}:{port}/metrics", timeout=30.0).text
                for port in service.metrics_ports
            )
        yield Run(service, collector, study, metrics)  # the roles have ended: all that they told is here


def test_one_trace_tells_the_whole_way(run: Run) -> None:
    assert {span.service for span in run.trace} == {"preread-accept", "preread-infer", "preread-send"}
    told = {span.name for span in run.trace}
    assert told >= {"study", "study.receive", "assemble", "route", "publish", "analyse", "report", "deliver"}
    assert told >= {"read", "score", "write", "send", "confirm", *STATES}
    errors = [span.attributes["error.type"] for span in run.trace if span.is_error]
    assert [error for error in errors if not error.startswith("Peer")] == []  # a PACS may hang up once
    root = run.one("study")
    assert root.parent_id == ""
    assert root.attributes["preread.study"] == uid_hash(str(run.study[0].StudyInstanceUID))
    ids = {span.span_id for span in run.trace}
    assert len(ids) == len(run.trace)
    assert {span.parent_id for span in run.trace if span is not root} <= ids
    assert root.start_ns == min(span.start_ns for span in run.trace)


def test_states_follow_each_other_to_the_proof_of_delivery(run: Run) -> None:
    states = [run.one(name) for name in STATES]
    assert states == sorted(states, key=lambda span: span.end_ns)
    last = states[-1]
    assert last.attributes["preread.event"] == "all_delivered"
    assert last.attributes["preread.state"] == "delivered"
    (deliver,) = [span for span in run.named("deliver") if "preread.proof" in span.attributes]
    assert deliver.attributes["preread.proof"] in {one.value for one in Proof if one is not Proof.NONE}
    assert len(run.named("send")) == 3
    assert {span.attributes["preread.outcome"] for span in run.named("send")} == {"accepted"}


def test_work_stands_below_the_message_that_asked_for_it(run: Run) -> None:
    published = {span.span_id: span for span in run.named("publish")}
    for name, queue in {
        "analyse": "inference.us-mass",
        "report": "report",
        "deliver": "delivery.pacs",
    }.items():
        work = run.named(name)[0]
        publish = published[work.parent_id]
        assert publish.service == "preread-accept" != work.service
        assert publish.attributes["preread.queue"] == work.attributes["preread.queue"] == queue
        assert publish.start_ns <= work.start_ns
    analyse = run.one("analyse")
    assert analyse.attributes["preread.scored"] == 2
    assert {span.parent_id for span in run.named("read") + run.named("score")} == {analyse.span_id}


def test_association_is_linked(run: Run) -> None:
    (receive,) = [span for span in run.collector.spans if span.name == "receive"]
    assert receive.trace_id != run.trace_id
    assert run.one("study.receive").links == (receive.trace_id,)
    assert receive.attributes["preread.scanner"] == SCANNER
    assert receive.attributes["preread.instances"] == 2
    assert receive.attributes["preread.studies"] == (uid_hash(str(run.study[0].StudyInstanceUID)),)


def test_log_leads_to_the_trace(run: Run) -> None:
    lines = [json.loads(line) for line in (run.service.folder / "preread.log").read_text().splitlines()]
    (analysed,) = [line for line in lines if line.get("event") == "study analysed"]
    assert (analysed["trace_id"], analysed["span_id"]) == (run.trace_id, run.one("analyse").span_id)


def test_nothing_names_the_patient(run: Run) -> None:
    told = b"".join(run.collector.bodies)
    log = (run.service.folder / "preread.log").read_text()
    assert b"state.reported" in told
    assert "study analysed" in log
    assert "preread_study_moves_total" in run.metrics
    words = identifiers(run.study)
    assert {word for word in words if word.encode() in told} == set()
    assert {word for word in words if word in log} == set()
    assert {word for word in words if word in run.metrics} == set()


def test_collector_that_is_away_holds_up_no_study(tmp_path: Path, orthanc: Orthanc, dcmtk: Dcmtk) -> None:
    """Embedded, without a broker; the roles end in time, too."""
    endpoint = f"http://{HOST}:{free_port()}"
    service = Preread(tmp_path, orthanc.dicom_port, orthanc.ae_title, traces={"endpoint": endpoint})
    study, files = planted_study(tmp_path)
    with running(service):
        store(dcmtk, service, files)
        delivered = service.wait_for_state(str(study[0].StudyInstanceUID), "delivered", "failed")
        assert delivered.state is StudyState.DELIVERED, delivered.reason
        service.wait_for_log("the collector of traces takes nothing: spans are dropped until it does")
    log = (tmp_path / "preread.log").read_text()
    assert "a role did not end in time" not in log
    assert {word for word in identifiers(study) if word in log} == set()
