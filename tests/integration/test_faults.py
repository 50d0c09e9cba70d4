"""Whatever dies, nothing that was acknowledged is lost, and the PACS holds each result once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.study.state import StudyState
from tests.integration.scanner import SC_CLASS, SR_CLASS, new_study, store, write
from tests.servers.dcmtk import Dcmtk
from tests.servers.orthanc import Orthanc
from tests.servers.preread import Preread, running

pytestmark = [pytest.mark.integration, pytest.mark.fault]

IMAGES = 12  # enough for the worker to be busy for a while


@pytest.fixture(params=["embedded", "servers"])
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    if request.param == "embedded":
        return {}
    return {
        "broker": {"kind": "rabbitmq", "url": request.getfixturevalue("rabbitmq_url")},
        "ledger": {"url": request.getfixturevalue("postgres_url")},
    }


@pytest.fixture
def preread(settings: dict[str, Any], tmp_path: Path, orthanc: Orthanc) -> Iterator[Preread]:
    with running(Preread(tmp_path, orthanc.dicom_port, orthanc.ae_title, **settings)) as service:
        yield service


def test_worker_killed_during_inference_loses_nothing(
    preread: Preread, orthanc: Orthanc, dcmtk: Dcmtk, tmp_path: Path
) -> None:
    study = new_study(IMAGES)
    uid = study[0].StudyInstanceUID
    preread.wait_for_log("infer is ready")
    store(dcmtk, preread, write(study, tmp_path / "study"))
    preread.wait_for_log("inference begins")

    killed = preread.kill_role("infer")
    assert preread.studies()[uid].state is StudyState.QUEUED  # it was killed before it was done

    delivered = preread.wait_for_state(uid, "delivered", "failed")
    assert delivered.state is StudyState.DELIVERED, delivered.reason
    assert preread.pid_of("infer") != killed
    assert orthanc.count_by_sop_class() == {SR_CLASS: 1, SC_CLASS: IMAGES}


@pytest.mark.parametrize("settings", ["embedded"], indirect=True)
@pytest.mark.parametrize("state", ["received", "queued", "reported"])
def test_service_killed_after_success_goes_on_where_it_was(
    preread: Preread, orthanc: Orthanc, dcmtk: Dcmtk, tmp_path: Path, state: str
) -> None:
    study = new_study()
    uid = study[0].StudyInstanceUID
    store(dcmtk, preread, write(study, tmp_path / "study"))  # every image was answered with Success
    if state != "received":
        preread.wait_for_state(uid, state, "delivered")

    preread.kill()
    preread.start()

    delivered = preread.wait_for_state(uid, "delivered", "failed")
    assert (delivered.state, delivered.instance_count) == (StudyState.DELIVERED, len(study)), delivered.reason
    assert orthanc.count_by_sop_class() == {SR_CLASS: 1, SC_CLASS: len(study)}


@pytest.mark.parametrize("settings", ["embedded"], indirect=True)
def test_results_wait_for_a_pacs_that_is_away(
    preread: Preread, orthanc_server: Orthanc, dcmtk: Dcmtk, tmp_path: Path
) -> None:
    study = new_study()
    uid = study[0].StudyInstanceUID
    orthanc_server.stop()
    try:
        store(dcmtk, preread, write(study, tmp_path / "study"))
        preread.wait_for_state(uid, "reported")
        preread.wait_for_log("handler failed")
        assert preread.studies()[uid].state is StudyState.REPORTED
    finally:
        orthanc_server.start()

    preread.wait_for_state(uid, "delivered")
    assert orthanc_server.count_by_sop_class() == {SR_CLASS: 1, SC_CLASS: len(study)}


def test_receiving_goes_on_while_the_broker_is_away(
    tmp_path: Path, orthanc: Orthanc, dcmtk: Dcmtk, postgres_url: str, rabbitmq: Any
) -> None:
    settings = {
        "broker": {"kind": "rabbitmq", "url": rabbitmq.url},
        "ledger": {"url": postgres_url},
    }
    study = new_study()
    uid = study[0].StudyInstanceUID
    with running(Preread(tmp_path, orthanc.dicom_port, orthanc.ae_title, **settings)) as preread:
        rabbitmq.stop_app()
        try:
            store(dcmtk, preread, write(study, tmp_path / "study"))
            preread.wait_for_state(uid, "queued")
        finally:
            rabbitmq.start_app()

        preread.wait_for_state(uid, "delivered")
    assert orthanc.count_by_sop_class() == {SR_CLASS: 1, SC_CLASS: len(study)}
