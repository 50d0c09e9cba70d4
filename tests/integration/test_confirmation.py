"""Orthanc as the PACS that confirms what it holds: by storage commitment, by C-FIND, by QIDO-RS."""

from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from service.storage.ledger.tables.deliveries import Delivery, DeliveryState, Proof
from service.study.state import StudyState
from tests.integration.scanner import SC_CLASS, SR_CLASS, new_study, store, write
from tests.servers.dcmtk import Dcmtk
from tests.servers.orthanc import Orthanc
from tests.servers.preread import US_RULE, Preread, running
from tests.servers.process import HOST, free_port
from tests.unit.accept.doubles import wait_for

pytestmark = pytest.mark.integration


@pytest.fixture
def study(tmp_path: Path) -> list[Path]:
    return write(new_study(), tmp_path / "study")


def deliver(preread: Preread, dcmtk: Dcmtk, study: list[Path]) -> list[Delivery]:
    """Where the objects stand once the study is delivered."""
    uid = str(dcmread(study[0]).StudyInstanceUID)
    store(dcmtk, preread, study)
    delivered = preread.wait_for_state(uid, "delivered", "failed", "not_analysed")
    assert delivered.state is StudyState.DELIVERED, delivered.reason
    return deliveries(preread, uid)


def deliveries(preread: Preread, uid: str) -> list[Delivery]:
    with preread.ledger() as ledger, ledger.read() as tx:
        return list(tx.deliveries.of_study(uid, 1))


def dimse(orthanc: Orthanc, **settings: Any) -> dict[str, Any]:
    node = {"name": "pacs", "host": HOST, "port": orthanc.dicom_port, "ae_title": orthanc.ae_title}
    return node | settings


@pytest.mark.parametrize("receiver", ["own", "pynetdicom"])
def test_orthanc_commits_itself_on_an_association_of_its_own(
    orthanc: Orthanc, dcmtk: Dcmtk, study: list[Path], tmp_path: Path, receiver: str
) -> None:
    preread = Preread(
        tmp_path,
        0,
        "",
        destinations=[dimse(orthanc, confirm="commitment")],
        accept={"receiver": receiver},
    )
    orthanc.add_modality("preread", "PREREAD", preread.dicom_port)
    with running(preread):
        found = deliver(preread, dcmtk, study)
        with preread.ledger() as ledger, ledger.read() as tx:
            (request,) = tx.commitment_requests.of(found[0].study_instance_uid, 1, "pacs")
    assert {one.proof for one in found} == {Proof.COMMITMENT}
    assert request.reason == "reported 3 of 3 objects as committed"
    assert orthanc.count_by_sop_class() == {SR_CLASS: 1, SC_CLASS: 2}


def test_orthanc_that_cannot_report_is_asked_by_c_find(
    orthanc: Orthanc, dcmtk: Dcmtk, study: list[Path], tmp_path: Path
) -> None:
    preread = Preread(tmp_path, 0, "", destinations=[dimse(orthanc, commitment_timeout_s=1)])
    orthanc.add_modality("preread", "PREREAD", free_port())
    with running(preread):
        found = deliver(preread, dcmtk, study)
    assert {one.proof for one in found} == {Proof.QUERY}
    assert all("no report of storage commitment came within 1 s" in one.detail for one in found)


def test_orthanc_that_does_not_know_us_counts_by_its_status(
    orthanc: Orthanc, dcmtk: Dcmtk, study: list[Path], tmp_path: Path
) -> None:
    preread = Preread(tmp_path, 0, "", destinations=[dimse(orthanc)])
    with running(preread):
        found = deliver(preread, dcmtk, study)
    assert {one.proof for one in found} == {Proof.STORE_STATUS}
    assert all("whether it lets our AE title do that" in one.detail for one in found)


def test_orthanc_takes_results_by_stow_and_finds_them_by_qido_while_another_pacs_is_down(
    orthanc: Orthanc, dcmtk: Dcmtk, study: list[Path], tmp_path: Path
) -> None:
    web = {"name": "web", "stow": {"url": f"{orthanc.http_url}/dicom-web"}}
    down = {"name": "down", "host": HOST, "port": free_port(), "ae_title": "DOWN"}
    rule = US_RULE | {"destinations": ["down", "web"]}
    preread = Preread(tmp_path, 0, "", destinations=[down, web], rules=[rule])
    uid = str(dcmread(study[0]).StudyInstanceUID)
    with running(preread):
        store(dcmtk, preread, study)
        preread.wait_for_state(uid, "reported")
        orthanc.wait_for_instances(3)
        wait_for(lambda: proofs_at("web", preread, uid) == {Proof.QUERY})
        assert preread.studies()[uid].state is StudyState.REPORTED
        assert "down (127.0.0.1 port" in preread.studies()[uid].reason
    found = deliveries(preread, uid)
    assert all(one.detail.startswith("found by QIDO-RS") for one in found if one.destination == "web")
    assert {one.state for one in found if one.destination == "down"} == {DeliveryState.WAITING}
    assert orthanc.count_by_sop_class() == {SR_CLASS: 1, SC_CLASS: 2}


def proofs_at(destination: str, preread: Preread, uid: str) -> set[Proof]:
    return {one.proof for one in deliveries(preread, uid) if one.destination == destination}
