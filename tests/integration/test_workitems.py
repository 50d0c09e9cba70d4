"""A manager's workitems, performed by the whole service: input out of Orthanc, results back into it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.study.workitem import HeldWorkitem, WorkitemState
from tests.fakes.workitems import CODE, attributes, input_item
from tests.integration.scanner import new_study, write
from tests.servers.orthanc import Orthanc
from tests.servers.preread import Preread, running
from tests.servers.process import HOST
from tests.servers.ups_rs import UpsServer, Workitem, serving
from tests.unit.accept.doubles import wait_for

pytestmark = pytest.mark.integration
UID = "1.2.826.0.1.3680043.10.99.1"


@pytest.fixture
def ups() -> Iterator[UpsServer]:
    with serving() as server:
        yield server


def preread_for(folder: Path, orthanc: Orthanc, ups: UpsServer, retrieve: str = "c-get") -> Preread:
    """It has no rules: all that is analysed is asked for by workitems."""
    task = {"code": CODE.value, "scheme": CODE.scheme, "classifiers": ["us-mass"], "destinations": ["pacs"]}
    manager = {"name": "ris", "url": ups.url, "tasks": [task], "poll_interval_s": 0.5}
    source: dict[str, Any] = {
        "host": HOST,
        "port": orthanc.dicom_port,
        "ae_title": orthanc.ae_title,
        "retrieve": retrieve,
    }
    return Preread(
        folder,
        orthanc.dicom_port,
        orthanc.ae_title,
        rules=[],
        task_managers=[manager],
        sources=[{"name": "archive", "dimse": source}],
    )


def offer(folder: Path, orthanc: Orthanc, ups: UpsServer) -> tuple[str, Workitem]:
    """A study in the PACS, and a workitem about it. Returns the study's UID, too."""
    images = new_study()
    for file in write(images, folder / "images"):
        httpx.post(
            f"{orthanc.http_url}/instances", content=file.read_bytes(), timeout=30.0
        ).raise_for_status()
    by_series: dict[str, list[str]] = {}
    for image in images:
        by_series.setdefault(str(image.SeriesInstanceUID), []).append(str(image.SOPInstanceUID))
    study = str(images[0].StudyInstanceUID)
    sop_class = str(images[0].SOPClassUID)
    inputs = [input_item(study, series, *uids, sop_class=sop_class) for series, uids in by_series.items()]
    return study, ups.add(attributes(UID, *inputs))


def held(preread: Preread) -> HeldWorkitem | None:
    with preread.ledger() as ledger, ledger.read() as tx:
        return tx.workitems.find(UID)


def wait_until_ended(workitem: Workitem) -> None:
    wait_for(lambda: workitem.state in ("COMPLETED", "CANCELED"), 120.0)


def outputs(workitem: Workitem) -> set[str]:
    (performed,) = workitem.attributes.UnifiedProcedureStepPerformedProcedureSequence
    return {
        str(reference.ReferencedSOPInstanceUID)
        for output in performed.OutputInformationSequence
        for reference in output.ReferencedSOPSequence
    }


def in_pacs(orthanc: Orthanc) -> set[str]:
    return {str(instance["SOPInstanceUID"]) for instance in orthanc.instances()}


@pytest.mark.parametrize("retrieve", ["c-get", pytest.param("c-move", marks=pytest.mark.long)])
def test_workitem_is_performed_from_the_pacs_to_the_pacs(
    tmp_path: Path, orthanc: Orthanc, ups: UpsServer, retrieve: str
) -> None:
    with running(preread_for(tmp_path, orthanc, ups, retrieve)) as preread:
        orthanc.add_modality("preread", "PREREAD", preread.dicom_port)
        study, workitem = offer(tmp_path, orthanc, ups)
        wait_until_ended(workitem)
        done = preread.wait_for_state(study, "delivered", "failed", "not_analysed")
        assert (workitem.state, done.state) == ("COMPLETED", "delivered"), workitem.progress
        wait_for(lambda: held(preread).state is WorkitemState.COMPLETED, 10.0)  # type: ignore[union-attr]
    assert outputs(workitem)
    assert outputs(workitem) <= in_pacs(orthanc)
    assert workitem.progress[0] == "fetching the input"


def _claimed(preread: Preread, workitem: Workitem) -> bool:
    return workitem.state == "IN PROGRESS"


def _fetched(preread: Preread, workitem: Workitem) -> bool:
    found = held(preread)
    return found is not None and found.state is WorkitemState.WORKING


def _ended(preread: Preread, workitem: Workitem) -> bool:
    return workitem.state == "COMPLETED"


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(_claimed, marks=pytest.mark.long),
        _fetched,
        pytest.param(_ended, marks=pytest.mark.long),
    ],
)
def test_killed_service_resumes_its_workitem(
    tmp_path: Path, orthanc: Orthanc, ups: UpsServer, moment: Callable[[Preread, Workitem], bool]
) -> None:
    preread = preread_for(tmp_path, orthanc, ups)
    try:
        preread.start()
        orthanc.add_modality("preread", "PREREAD", preread.dicom_port)  # else it refuses our C-GET
        _, workitem = offer(tmp_path, orthanc, ups)
        wait_for(lambda: moment(preread, workitem), 120.0)
        lock = workitem.transaction_uid
        preread.kill()
        preread.start()
        wait_until_ended(workitem)
        wait_for(lambda: held(preread).state is WorkitemState.COMPLETED, 90.0)  # type: ignore[union-attr]
    finally:
        preread.stop()
    assert (workitem.state, workitem.transaction_uid) == ("COMPLETED", lock)
    claims = [status for method, path, status in ups.asked if method == "PUT" and status == 200]
    assert len(claims) == 2  # one claim and one end were carried out
    assert outputs(workitem) <= in_pacs(orthanc)
