"""Every kind of result object at a real PACS: delivered with proof, and stored once, sent twice."""

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import get_args

import pytest
from pydicom import dcmread

from service.config import Destination, ReportSettings, SendSettings
from service.config.profiles import DicomKind
from service.report.report_object import ReportObject
from service.report.reporter import Reporter
from service.send.event_report import nothing_asked
from service.send.links import Links
from service.send.sender import Sender
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.deliveries import DeliveryState, Proof, StoredObject
from service.storage.store.memory import MemoryStore
from service.study.messages import DeliveryRequest, ReportRequest
from service.study.state import StudyState
from tests.servers.orthanc import Orthanc
from tests.servers.process import HOST, free_port
from tests.unit.pipeline import phantom, study_of
from tests.unit.report.slices import ct_slice
from tests.unit.report.test_beside import of_cine, written
from tests.unit.report.test_reporter import inferred

pytestmark = pytest.mark.integration

EVERY: dict[str, tuple[DicomKind, ...]] = {"pacs": get_args(DicomKind)}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    ledger.upgrade()
    yield ledger
    ledger.close()


def test_every_kind_is_delivered_and_kept_once(orthanc: Orthanc, ledger: Ledger) -> None:
    # Arrange
    store = MemoryStore()
    uid = inferred(ledger, store, phantom())
    Reporter(ledger, store, ReportSettings(), EVERY).handle(ReportRequest(uid, 1).to_json())
    orthanc.add_modality("preread", "PREREAD", free_port())  # else it answers no C-FIND
    pacs = Destination(name="pacs", host=HOST, port=orthanc.dicom_port, ae_title="ORTHANC", confirm="query")
    links = Links([pacs], SendSettings(), nothing_asked)

    # Act
    Sender(ledger, store, {"pacs": pacs}, links.open, wait_s=3.0).handle(
        DeliveryRequest(uid, 1, "pacs").to_json()
    )

    # Assert
    assert study_of(ledger, uid).state is StudyState.DELIVERED
    with ledger.read() as tx:
        objects = tx.deliveries.objects_of(uid)
        deliveries = tx.deliveries.of_study(uid, 1)
    assert {one.kind for one in objects} >= {"sr", "heatmap", "presentation", "segmentation", "pdf"}
    assert {(one.state, one.proof) for one in deliveries} == {(DeliveryState.DELIVERED, Proof.QUERY)}
    with links.open(pacs, {one.sop_class_uid for one in objects}) as link:
        assert all(link.store(one, store.get(one.key)).is_there for one in objects)
    links.close()
    kept = orthanc.instances()
    assert sorted(one["SOPInstanceUID"] for one in kept) == sorted(one.sop_instance_uid for one in objects)
    for one in objects:
        there = dcmread(BytesIO(orthanc.dicom_file(one.sop_instance_uid)))
        ours = dcmread(BytesIO(store.get(one.key)))
        assert there == ours


@pytest.mark.parametrize("name", ["CT", "cine"])
def test_what_other_sources_have_is_kept_as_it_was_written(orthanc: Orthanc, name: str) -> None:
    # Arrange
    objects = {"CT": lambda: written([ct_slice(1), ct_slice(2)]), "cine": lambda: of_cine()[1]}[name]()
    pacs = Destination(name="pacs", host=HOST, port=orthanc.dicom_port, ae_title="ORTHANC", confirm="status")
    links = Links([pacs], SendSettings(), nothing_asked)

    # Act
    with links.open(pacs, {one.sop_class_uid for one in objects}) as link:
        assert all(link.store(as_stored(one), one.data).is_there for one in objects)
    links.close()

    # Assert
    new = {"parametric-map"} if name == "CT" else {"cine-heatmap"}
    assert {one.kind for one in objects} >= {"segmentation"} | new
    for one in objects:
        assert dcmread(BytesIO(orthanc.dicom_file(one.sop_instance_uid))) == dcmread(BytesIO(one.data))


def as_stored(built: ReportObject) -> StoredObject:
    """As the ledger has it."""
    return StoredObject(
        built.sop_instance_uid,
        "1.2.3",
        1,
        built.classifier,
        built.kind,
        built.sop_class_uid,
        built.series_instance_uid,
        "",
        datetime.now(UTC),
    )
