"""Priors that are fetched by themselves, out of Orthanc: before the analysis, in time, and never analysed."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from service.study.state import StudyState
from tests.integration.scanner import new_study, store, write
from tests.servers.dcmtk import Dcmtk
from tests.servers.orthanc import Orthanc
from tests.servers.preread import US_RULE, Preread, running
from tests.servers.process import HOST, free_port

pytestmark = pytest.mark.integration


def source_of(orthanc: Orthanc, service: str) -> dict[str, Any]:
    if service == "wado-rs":
        return {"name": "archive", "dicomweb": {"qido_url": f"{orthanc.http_url}/dicom-web"}}
    dimse = {"host": HOST, "port": orthanc.dicom_port, "ae_title": orthanc.ae_title, "retrieve": service}
    return {"name": "archive", "dimse": dimse}


def study_files(folder: Path, date: str) -> tuple[str, list[Path]]:
    images = new_study()
    for image in images:
        image.StudyDate = date
    return str(images[0].StudyInstanceUID), write(images, folder)


def preread_with(folder: Path, orthanc: Orthanc, source: dict[str, Any], timeout_s: float) -> Preread:
    return Preread(
        folder,
        orthanc.dicom_port,
        orthanc.ae_title,
        sources=[source],
        rules=[US_RULE | {"priors": {"count": 1}}],
        priors={"timeout_s": timeout_s},
    )


def ended(preread: Preread, study: str) -> str:
    with preread.ledger() as ledger, ledger.read() as tx:
        (reason,) = [step.reason for step in tx.studies.history(study) if step.event == "priors_ended"]
    return reason


@pytest.mark.parametrize("service", ["c-get", "c-move", "wado-rs"])
def test_prior_is_fetched_before_the_analysis_and_not_analysed_itself(
    tmp_path: Path, orthanc: Orthanc, dcmtk: Dcmtk, service: str
) -> None:
    prior, of_prior = study_files(tmp_path / "prior", "20240101")
    current, of_current = study_files(tmp_path / "current", "20250101")
    for file in of_prior:
        httpx.post(
            f"{orthanc.http_url}/instances", content=file.read_bytes(), timeout=30.0
        ).raise_for_status()
    with running(preread_with(tmp_path, orthanc, source_of(orthanc, service), 60.0)) as preread:
        orthanc.add_modality("preread", "PREREAD", preread.dicom_port)
        store(dcmtk, preread, of_current)
        preread.wait_for_state(current, "delivered", "failed", "not_analysed")
        kept = preread.wait_for_state(prior, "prior", "delivered", "failed", "not_analysed")
        assert ended(preread, current) == "1 priors are here (from archive)"
        assert (kept.state, kept.instance_count) == (StudyState.PRIOR, len(of_prior))
        assert kept.reason == f"fetched as a prior of study {current}; `preread retry` analyses it"
        studies = {instance["StudyInstanceUID"] for instance in orthanc.instances()}
        results = [one for one in orthanc.instances() if one["StudyInstanceUID"] == prior]
    assert (studies, len(results)) == ({prior, current}, len(of_prior))


def test_pacs_that_is_down_holds_nothing_up(tmp_path: Path, orthanc: Orthanc, dcmtk: Dcmtk) -> None:
    current, files = study_files(tmp_path / "current", "20250101")
    source = {"name": "archive", "dimse": {"host": HOST, "port": free_port(), "ae_title": "AWAY"}}
    with running(preread_with(tmp_path, orthanc, source, 60.0)) as preread:
        store(dcmtk, preread, files)
        done = preread.wait_for_state(current, "delivered", "failed", "not_analysed")
        assert done.state is StudyState.DELIVERED
        assert "priors not fetched: archive" in ended(preread, current)
