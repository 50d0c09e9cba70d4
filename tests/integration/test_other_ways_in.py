"""Studies that come by HTTP or in a folder go the same way as others, to their report in the PACS."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydicom import dcmread

from service.study.state import StudyState
from tests.integration.scanner import SC_CLASS, SR_CLASS, new_study, write
from tests.servers.orthanc import Orthanc
from tests.servers.preread import Preread, running
from tests.servers.process import HOST, free_port, listens
from tests.unit.accept.doubles import wait_for
from tests.unit.accept.stow.bodies import CONTENT_TYPE, body

pytestmark = pytest.mark.integration


@pytest.fixture
def stow_port() -> int:
    return free_port()


@pytest.fixture
def preread(tmp_path: Path, orthanc: Orthanc, stow_port: int) -> Iterator[Preread]:
    (tmp_path / "in").mkdir()
    accept = {
        "stow": {"enabled": True, "port": stow_port},
        "watched_folder": {"path": str(tmp_path / "in"), "settle_s": 0.5, "poll_interval_s": 0.2},
    }
    with running(Preread(tmp_path, orthanc.dicom_port, orthanc.ae_title, accept=accept)) as service:
        yield service


@pytest.fixture
def study(tmp_path: Path) -> list[Path]:
    return write(new_study(), tmp_path / "study")


def test_study_that_comes_by_http_is_reported(
    preread: Preread, orthanc: Orthanc, study: list[Path], stow_port: int
) -> None:
    uid = str(dcmread(study[0]).StudyInstanceUID)
    wait_for(lambda: listens(stow_port))
    answer = httpx.post(
        f"http://{HOST}:{stow_port}/studies/{uid}",
        content=body(*(path.read_bytes() for path in study)),
        headers={"Content-Type": CONTENT_TYPE},
        timeout=60.0,
    )
    assert answer.status_code == 200
    assert_reported(preread, orthanc, uid)


def test_study_that_comes_in_the_folder_is_reported(
    preread: Preread, orthanc: Orthanc, study: list[Path], tmp_path: Path
) -> None:
    uid = str(dcmread(study[0]).StudyInstanceUID)
    for path in study:
        path.rename(tmp_path / "in" / path.name)
    assert_reported(preread, orthanc, uid)
    assert sorted(path.name for path in (tmp_path / "in").rglob("*.dcm")) == ["0.dcm", "1.dcm"]
    assert {path.parent.name for path in (tmp_path / "in").rglob("*.dcm")} == {"done"}


def assert_reported(preread: Preread, orthanc: Orthanc, uid: str) -> None:
    delivered = preread.wait_for_state(uid, "delivered", "failed", "not_analysed")
    assert delivered.state is StudyState.DELIVERED, delivered.reason
    assert orthanc.count_by_sop_class() == {SR_CLASS: 1, SC_CLASS: 2}
