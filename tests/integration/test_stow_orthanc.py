"""Orthanc as the client of STOW-RS."""

from pathlib import Path

import httpx
import pytest

from tests.fakes.datasets import part10, us_dataset
from tests.servers.orthanc import Orthanc
from tests.unit.accept.doubles import Desk
from tests.unit.accept.stow.web import serving

pytestmark = pytest.mark.integration
TOKEN = "a-token-of-the-test"


def test_orthanc_stores_a_study_by_http(orthanc: Orthanc, tmp_path: Path) -> None:
    desk, datasets = Desk(), [us_dataset(StudyInstanceUID="1.2.3") for _ in range(3)]
    (tmp_path / "tokens").write_text(f"ORTHANC {TOKEN}\n")
    with serving(desk, tokens_file=tmp_path / "tokens") as port:
        ask(orthanc, port, [part10(dataset) for dataset in datasets])
    kept = desk.ledger.instances
    assert kept.keys() == {dataset.SOPInstanceUID for dataset in datasets}
    assert {(one.study_instance_uid, one.calling_ae_title) for one in kept.values()} == {("1.2.3", "ORTHANC")}


def test_orthanc_hears_of_an_instance_that_is_not_kept(orthanc: Orthanc) -> None:
    basic_text_sr = us_dataset(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11")
    with serving(Desk()) as port, pytest.raises(httpx.HTTPStatusError):
        ask(orthanc, port, [part10(basic_text_sr)])


def ask(orthanc: Orthanc, port: int, files: list[bytes]) -> None:
    """Have Orthanc store the files with us. Raises HTTPStatusError where it says that it failed."""
    kept = [
        httpx.post(f"{orthanc.http_url}/instances", content=file).raise_for_status().json()["ID"]
        for file in files
    ]
    server = {"Url": f"http://127.0.0.1:{port}/", "HttpHeaders": {"Authorization": f"Bearer {TOKEN}"}}
    orthanc.rest("PUT", "/dicom-web/servers/preread", server)
    orthanc.rest("POST", "/dicom-web/servers/preread/stow", {"Resources": kept, "Synchronous": True})
