"""Orthanc with mutual TLS: results are sent to it, studies fetched from it, and commitment reported to it."""

import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.accept.commitment.scu import CommitmentSCU
from service.config import AcceptSettings, Destination, SendSettings
from service.errors import PeerUnavailable
from tests.fakes.datasets import US_IMAGE, part10, us_dataset
from tests.servers.certificates import Hospital
from tests.servers.orthanc import Orthanc
from tests.servers.preread import Preread, running
from tests.unit.accept.commitment_desk import CommitmentDesk
from tests.unit.send.pacs import send_instances
from tests.unit.send.test_scu import outgoing

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[CommitmentDesk]:
    desk = CommitmentDesk(tmp_path, receiver="own")
    yield desk
    desk.ledger.close()


def mutual(hospital: Hospital) -> dict[str, Any]:
    own = hospital.service
    files = {"ca": hospital.authority.certificate, "certificate": own.certificate, "key": own.key}
    return {name: str(path) for name, path in files.items()}


def address(orthanc: Orthanc, tls: dict[str, Any] | None) -> dict[str, Any]:
    return {"ae_title": orthanc.ae_title, "host": orthanc.host, "port": orthanc.dicom_port, "tls": tls}


def test_results_arrive_over_tls_and_not_without(tls_orthanc: Orthanc, hospital: Hospital) -> None:
    objects = [outgoing() for _ in range(3)]
    to = Destination.model_validate({"name": "pacs", **address(tls_orthanc, mutual(hospital))})
    assert all(one.accepted for one in send_instances(to, objects, SendSettings()))
    assert tls_orthanc.count_by_sop_class() == {US_IMAGE: 3}
    with pytest.raises(PeerUnavailable):
        send_instances(to.model_copy(update={"tls": None}), objects, SendSettings())


def test_study_is_fetched_over_tls(tls_orthanc: Orthanc, hospital: Hospital, tmp_path: Path) -> None:
    image = us_dataset(PixelData=bytes(400_000))
    httpx.post(f"{tls_orthanc.http_url}/instances", content=part10(image), timeout=30.0).raise_for_status()
    source = {"name": "pacs", "dimse": address(tls_orthanc, mutual(hospital))}
    preread = Preread(tmp_path, tls_orthanc.dicom_port, tls_orthanc.ae_title, sources=[source], rules=[])
    tls_orthanc.add_modality("preread", "PREREAD", preread.dicom_port)
    with running(preread):
        command = preread.command("fetch", "--study", image.StudyInstanceUID)
        assert subprocess.run(command, capture_output=True, check=False, timeout=120).returncode == 0
        study = preread.wait_for_state(image.StudyInstanceUID, "received", "assembled", "not_analysed")
    assert study.instance_count == 1


def test_commitment_is_reported_over_tls(
    tls_orthanc: Orthanc, hospital: Hospital, desk: CommitmentDesk
) -> None:
    kept = desk.keep(calling_ae_title=tls_orthanc.ae_title).sop_instance_uid
    peers = {"commitment_peers": [address(tls_orthanc, mutual(hospital))]}
    reporter = desk.reporter(CommitmentSCU(AcceptSettings.model_validate(peers)).send)
    with desk.listening() as scp:
        tls_orthanc.add_modality("preread", "PREREAD", scp.port)
        asked = {"DicomInstances": [{"SOPClassUID": US_IMAGE, "SOPInstanceUID": kept}]}
        answer = tls_orthanc.rest("POST", "/modalities/preread/storage-commitment", asked)
        desk.ahead = timedelta(seconds=10)
        deadline = time.monotonic() + 60
        while (report := tls_orthanc.rest("GET", answer["Path"]))["Status"] == "Pending":
            assert time.monotonic() < deadline, desk.commitments()
            reporter.turn()
            time.sleep(0.1)
    assert [one["SOPInstanceUID"] for one in report["Success"]] == [kept]
