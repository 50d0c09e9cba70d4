"""The department of docker/: every role in a container of its image, with real servers and made secrets."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import dcmread

from tests.integration.scanner import SC_CLASS, SR_CLASS, new_study, send_to, write
from tests.servers.dcmtk import Dcmtk
from tests.servers.department import Department, department
from tests.servers.images import Image
from tests.servers.orthanc import Orthanc

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
