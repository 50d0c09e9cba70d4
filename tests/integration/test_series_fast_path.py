"""A series is analysed and in the PACS before its study is complete; in the end each result is there once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from service.study.state import StudyState
from tests.integration.scanner import SC_CLASS, SR_CLASS, new_study, store, write
from tests.servers.dcmtk import Dcmtk
from tests.servers.orthanc import Orthanc
from tests.servers.preread import US_RULE, Preread, running

pytestmark = pytest.mark.integration

RULE = US_RULE | {"level": "series", "when": {"SeriesDescription": {"matches": "sweep*"}}}
ASSEMBLE: dict[str, Any] = {
    "series": {"quiet_period_s": 1.0},
    # The study is complete with its second image, however long that takes.
    "completeness": [{"name": "announced", "count": "announced", "settling_s": 1.0}],
}


@pytest.fixture(params=["embedded", "servers"])
def preread(request: pytest.FixtureRequest, tmp_path: Path, orthanc: Orthanc) -> Iterator[Preread]:
    settings: dict[str, Any] = {"assemble": ASSEMBLE, "rules": [RULE]}
    if request.param == "servers":
        settings |= {
            "broker": {"kind": "rabbitmq", "url": request.getfixturevalue("rabbitmq_url")},
            "ledger": {"url": request.getfixturevalue("postgres_url")},
        }
    with running(Preread(tmp_path, orthanc.dicom_port, orthanc.ae_title, **settings)) as service:
        yield service


def study_of_two_series(second: str) -> list[Dataset]:
    """One image in each; the first series is a sweep."""
    study = new_study()
    for number, (ds, description) in enumerate(zip(study, ("sweep", second), strict=True), start=1):
        ds.SeriesInstanceUID = f"{ds.StudyInstanceUID}.{number}"
        ds.SeriesDescription = description
        ds.NumberOfStudyRelatedInstances = 2
    return study


def send_first(preread: Preread, orthanc: Orthanc, dcmtk: Dcmtk, file: Path, uid: str) -> str:
    """Send the first series; its report's UID, once it is in the PACS while the study is being received."""
    store(dcmtk, preread, [file])
    arrived = orthanc.wait_for_instances(2)
    assert preread.studies()[uid].state is StudyState.RECEIVED
    assert "The study is still being received." in preread.web("/rows").text
    (report,) = [one["SOPInstanceUID"] for one in arrived if one["SOPClassUID"] == SR_CLASS]
    return report


def test_early_result_stands_when_the_rest_is_not_for_the_classifier(
    preread: Preread, orthanc: Orthanc, dcmtk: Dcmtk, tmp_path: Path
) -> None:
    study = study_of_two_series("still")
    first, second = write(study, tmp_path / "study")
    uid = str(study[0].StudyInstanceUID)
    send_first(preread, orthanc, dcmtk, first, uid)

    store(dcmtk, preread, [second])
    delivered = preread.wait_for_state(uid, "delivered", "failed", "not_analysed")

    assert delivered.state is StudyState.DELIVERED, delivered.reason
    assert orthanc.count_by_sop_class() == {SR_CLASS: 1, SC_CLASS: 1}


def test_report_of_the_study_replaces_the_early_one_though_the_service_was_killed_between(
    preread: Preread, orthanc: Orthanc, dcmtk: Dcmtk, tmp_path: Path
) -> None:
    study = study_of_two_series("sweep 2")
    first, second = write(study, tmp_path / "study")
    uid = str(study[0].StudyInstanceUID)
    early = send_first(preread, orthanc, dcmtk, first, uid)
    preread.kill()
    preread.start()

    store(dcmtk, preread, [second])
    delivered = preread.wait_for_state(uid, "delivered", "failed", "not_analysed")

    assert delivered.state is StudyState.DELIVERED, delivered.reason
    assert orthanc.count_by_sop_class() == {SR_CLASS: 2, SC_CLASS: 2}
    (latest,) = [
        one
        for one in orthanc.instances()
        if one["SOPClassUID"] == SR_CLASS and one["SOPInstanceUID"] != early
    ]
    assert early in str(latest["PredecessorDocumentsSequence"])
