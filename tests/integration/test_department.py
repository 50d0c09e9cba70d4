"""The department of docker/: every role in a container of its image, with real servers and made secrets."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydicom import dcmread

from tests.integration.scanner import SC_CLASS, SR_CLASS, new_study, send_to, write
from tests.servers.dcmtk import Dcmtk
from tests.servers.department import Department, department
from tests.servers.images import Image
from tests.servers.orthanc import Orthanc
from tests.servers.process import HOST, ServerProcess, free_port, temporary_folder
from tests.servers.programs import require

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]


@pytest.fixture
def running(service_image: Image, cpu_image: Image, orthanc: Orthanc) -> Iterator[Department]:
    with department(service_image, cpu_image, orthanc) as made:
        made.processes["accept"].wait_for_port(made.dicom_port)
        made.processes["worklist"].wait_for_port(made.web_port)
        yield made


def test_study_goes_through_the_department_and_every_role_is_healthy(
    running: Department, orthanc: Orthanc, dcmtk: Dcmtk, tmp_path: Path
) -> None:
    study = write(new_study(), tmp_path / "study")

    send_to(dcmtk, running.dicom_port, study)
    running.processes["send"].wait_until(lambda: len(orthanc.instances()) == 3, timeout_s=300)

    assert orthanc.count_by_sop_class() == {SR_CLASS: 1, SC_CLASS: 2}
    health = {role: container.execute("preread-health") for role, container in running.roles.items()}
    assert {role: done.stderr for role, done in health.items() if done.returncode != 0} == {}

    uid = str(dcmread(study[0]).StudyInstanceUID)
    known = (uid, "PHANTOM", running.secret("broker-password"), running.secret("ledger-password"))
    assert [word for word in known if word in running.log()] == []
    assert running.stop() == {"accept": 0, "infer": 0, "send": 0, "worklist": 0}


def test_orthanc_takes_its_configuration_and_asks_for_a_password(orthanc_department: Department) -> None:
    made = orthanc_department
    dicom_port, http_port = free_port(), free_port()
    configuration = json.loads((made.folder / "orthanc.json").read_text())
    storage = str(made.folder / "storage")
    changed: dict[str, int | str] = {"DicomPort": dicom_port, "HttpPort": http_port}
    changed |= {"StorageDirectory": storage, "IndexDirectory": storage}
    folder = made.folder / "orthanc"
    folder.mkdir()
    (folder / "orthanc.json").write_text(json.dumps(configuration | changed))
    (folder / "users.json").write_text(made.secret("orthanc-users.json"))
    users = json.loads(made.secret("orthanc-users.json"))["RegisteredUsers"]
    address = f"http://{HOST}:{http_port}/modalities"

    process = ServerProcess([str(require("Orthanc", "orthanc")), str(folder)], made.folder / "orthanc.log")
    try:
        process.wait_for_port(http_port)
        assert httpx.get(address).status_code == 401
        assert httpx.get(address, auth=("admin", users["admin"])).json() == ["preread"]
    finally:
        process.stop()


@pytest.fixture
def orthanc_department(orthanc: Orthanc) -> Iterator[Department]:
    with temporary_folder("department") as folder:
        yield Department(folder, orthanc)
