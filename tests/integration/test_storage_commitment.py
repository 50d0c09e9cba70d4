"""Orthanc as the modality: it asks for storage commitment and hears the report on its own port."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from service.accept.commitment.scu import CommitmentSCU
from service.config import AcceptSettings
from tests.fakes.datasets import US_IMAGE
from tests.servers.orthanc import Orthanc
from tests.unit.accept.commitment_desk import CommitmentDesk

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[CommitmentDesk]:
    desk = CommitmentDesk(tmp_path, receiver="own")
    yield desk
    desk.ledger.close()


def test_orthanc_is_told_that_its_images_are_committed(desk: CommitmentDesk, orthanc: Orthanc) -> None:
    kept = [desk.keep(calling_ae_title=orthanc.ae_title).sop_instance_uid for _ in range(2)]
    report = commitment(desk, orthanc, *kept)
    assert report["Status"] == "Success"
    assert {one["SOPInstanceUID"] for one in report["Success"]} == set(kept)
    assert desk.commitments()[0].answered_at is not None


def test_orthanc_is_told_which_images_are_missing(desk: CommitmentDesk, orthanc: Orthanc) -> None:
    kept = desk.keep(calling_ae_title=orthanc.ae_title).sop_instance_uid
    report = commitment(desk, orthanc, kept, "1.5.9")
    assert report["Status"] == "Failure"
    assert [one["SOPInstanceUID"] for one in report["Success"]] == [kept]
    assert [(one["SOPInstanceUID"], one["FailureReason"]) for one in report["Failures"]] == [
        ("1.5.9", 0x0112)
    ]


def commitment(desk: CommitmentDesk, orthanc: Orthanc, *uids: str) -> Any:
    """Have Orthanc ask, report to it, and return what it has heard."""
    peer = {"ae_title": orthanc.ae_title, "host": orthanc.host, "port": orthanc.dicom_port}
    reporter = desk.reporter(CommitmentSCU(AcceptSettings.model_validate({"commitment_peers": [peer]})).send)
    instances = [{"SOPClassUID": US_IMAGE, "SOPInstanceUID": uid} for uid in uids]
    with desk.listening() as scp:
        orthanc.add_modality("preread", "PREREAD", scp.port)
        asked = {"DicomInstances": instances}
        answer = orthanc.rest("POST", "/modalities/preread/storage-commitment", asked)
        desk.ahead = timedelta(seconds=10)
        deadline = time.monotonic() + 60
        while (report := orthanc.rest("GET", answer["Path"]))["Status"] == "Pending":
            assert time.monotonic() < deadline, desk.commitments()
            reporter.turn()
            time.sleep(0.1)
        return report
