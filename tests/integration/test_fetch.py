"""`preread fetch` from Orthanc and from DCMTK's dcmqrscp, by every service, into a running Preread."""

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import generate_uid

from service.config import Settings
from service.fetch.query import StudyQuery
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.deliveries import StoredObject
from service.wiring.fetch import open_archive, open_counter
from tests.fakes.datasets import part10, us_dataset
from tests.servers.dcmtk import Dcmtk
from tests.servers.orthanc import Orthanc
from tests.servers.preread import Preread, running
from tests.servers.process import HOST, ServerProcess, free_port

pytestmark = pytest.mark.integration

SERVICES = ("c-get", "c-move", "wado-rs")
STRUCTURED_REPORT = "1.2.840.10008.5.1.4.1.1.88.11"


def source_of(orthanc: Orthanc, service: str) -> dict[str, Any]:
    if service == "wado-rs":
        return {"name": "pacs", "dicomweb": {"qido_url": f"{orthanc.http_url}/dicom-web"}}
    dimse = {"host": HOST, "port": orthanc.dicom_port, "ae_title": orthanc.ae_title, "retrieve": service}
    return {"name": "pacs", "dimse": dimse}


def with_sources(folder: Path, orthanc: Orthanc) -> Preread:
    """Preread with Orthanc as three sources that are called as their services."""
    sources = [source_of(orthanc, service) | {"name": service} for service in SERVICES]
    return Preread(folder, orthanc.dicom_port, orthanc.ae_title, sources=sources, rules=[])


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, orthanc_server: Orthanc) -> Iterator[Preread]:
    """Running, for all tests: each fetches studies of its own."""
    with running(with_sources(tmp_path_factory.mktemp("preread"), orthanc_server)) as preread:
        yield preread


@pytest.fixture
def preread(service: Preread, orthanc: Orthanc) -> Preread:
    """Known to an empty Orthanc."""
    orthanc.add_modality("preread", "PREREAD", service.dicom_port)
    return service


def fetch(preread: Preread, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        preread.command("fetch", *arguments), capture_output=True, text=True, check=False, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


def upload(orthanc: Orthanc, images: int = 3, **attributes: Any) -> str:
    """A study of two series of images and a structured report; its UID."""
    study, series = str(generate_uid()), [generate_uid(), generate_uid()]
    of_study = {"StudyInstanceUID": study, "AccessionNumber": "A1", "StudyDate": "20200102", **attributes}
    for number in range(images):
        orthanc.rest_store(part10(us_dataset(SeriesInstanceUID=series[number % 2], **of_study)))
    report = {"SOPClassUID": STRUCTURED_REPORT, "Modality": "SR", "PixelData": None}
    orthanc.rest_store(part10(us_dataset(**report, **of_study)))
    return study


@pytest.mark.parametrize("way", SERVICES)
def test_study_is_fetched_from_orthanc(preread: Preread, orthanc: Orthanc, way: str) -> None:
    study = upload(orthanc)
    status, output, errors = fetch(preread, "--accession", "A1", "--source", way, "--json")
    (outcome,) = json.loads(output or "[{}]")
    assert (status, errors) == (0, "")
    assert (outcome["study_instance_uid"], outcome["received"], outcome["expected"]) == (study, 3, 3)
    assert outcome["left_out"] == {STRUCTURED_REPORT: 1}
    kept = preread.wait_for_state(study, "received", "assembled", "not_analysed")
    assert kept.instance_count == 3


@pytest.mark.parametrize("way", SERVICES)
def test_compressed_images_come_as_the_pacs_has_them(
    preread: Preread, orthanc: Orthanc, dcmtk: Dcmtk, tmp_path: Path, way: str
) -> None:
    plain, compressed = tmp_path / "plain.dcm", tmp_path / "compressed.dcm"
    plain.write_bytes(part10(us_dataset(Rows=16, Columns=16, PixelData=bytes(256))))
    assert dcmtk.run("dcmcjpeg", str(plain), str(compressed)).returncode == 0
    orthanc.rest_store(compressed.read_bytes())
    study = orthanc.instances()[0]["StudyInstanceUID"]
    status, _, _ = fetch(preread, "--study", study, "--source", way)
    with preread.ledger() as ledger, ledger.read() as tx:
        (kept,) = tx.instances.of_study(study)
    assert (status, kept.transfer_syntax_uid) == (0, "1.2.840.10008.1.2.4.70")
    sent = compressed.read_bytes()
    received = (preread.folder / "data" / "store" / kept.key).read_bytes()
    assert (
        received[144 + int.from_bytes(received[140:144], "little") :]
        == (sent[144 + int.from_bytes(sent[140:144], "little") :])
    )


@pytest.mark.parametrize("way", SERVICES)
def test_our_own_results_are_neither_fetched_nor_counted(
    preread: Preread, orthanc: Orthanc, way: str
) -> None:
    study, own_series = upload(orthanc), generate_uid()
    assert fetch(preread, "--study", study, "--source", way)[0] == 0
    known = preread.wait_for_state(study, "received", "assembled", "not_analysed")
    orthanc.rest_store(part10(us_dataset(StudyInstanceUID=study, SeriesInstanceUID=own_series)))
    with preread.ledger() as ledger:
        enter_result(ledger, study, own_series)
        status, output, _ = fetch(preread, "--study", study, "--source", way, "--json")
        counter = open_counter(Settings.model_validate({"sources": [source_of(orthanc, way)]}), ledger)
        assert counter is not None and counter.count_in_pacs(known) == 3
    assert (status, json.loads(output)[0]["expected"]) == (0, 3)
    assert preread.studies()[study].instance_count == 3


def test_several_matches_are_listed_and_fetched_only_if_all_are_wanted(
    preread: Preread, orthanc: Orthanc
) -> None:
    studies = {upload(orthanc, images=1) for _ in range(2)}
    status, _, errors = fetch(preread, "--accession", "A1")
    assert status == 2 and "2 studies match" in errors
    status, output, _ = fetch(preread, "--accession", "A1", "--list", "--json")
    assert {one["study_instance_uid"] for one in json.loads(output)} == studies
    status, output, _ = fetch(preread, "--accession", "A1", "--all")
    assert status == 0 and output.count("1 of 1 instances of study") == 2


def test_priors_are_the_earlier_studies_of_the_same_patient(preread: Preread, orthanc: Orthanc) -> None:
    def study(date: str, patient_id: str = "P1", modality: str = "US") -> str:
        image = us_dataset(StudyDate=date, PatientID=patient_id, Modality=modality)
        orthanc.rest_store(part10(image))
        return str(image.StudyInstanceUID)

    prior, now = study("20200101"), study("20220101")
    study("20230101")
    study("20200101", patient_id="P2")
    study("20200101", modality="CT")
    status, output, _ = fetch(preread, "--priors-of", now, "--modality", "US", "--json")
    assert (status, [one["study_instance_uid"] for one in json.loads(output)]) == (0, [prior])


def test_move_to_an_ae_title_that_is_not_known_there_says_so(orthanc: Orthanc, tmp_path: Path) -> None:
    study, source = upload(orthanc, images=1), source_of(orthanc, "c-move")
    source["dimse"]["move_destination"] = "ELSEWHERE"
    preread = Preread(tmp_path, 1, "PACS", sources=[source])
    orthanc.add_modality("preread", "PREREAD", preread.dicom_port)
    status, output, errors = fetch(preread, "--study", study)
    assert (status, errors) == (1, "")
    assert "0 of 1 instances" in output and "the PACS did not send a series" in output


def test_fetching_without_a_running_preread_says_what_to_check(tmp_path: Path, orthanc: Orthanc) -> None:
    preread, study = with_sources(tmp_path, orthanc), upload(orthanc, images=1)
    orthanc.add_modality("preread", "PREREAD", preread.dicom_port)
    status, output, _ = fetch(preread, "--study", study)
    assert status == 1
    assert "handing on to Preread stopped" in output and "check host and port" in output


def test_study_that_is_not_there_is_an_error(preread: Preread, orthanc: Orthanc) -> None:
    status, _, errors = fetch(preread, "--study", "1.2.3", "--source", "wado-rs")
    assert status == 1 and "has no such study" in errors


@pytest.fixture
def dcmqrscp(dcmtk: Dcmtk, tmp_path: Path) -> Iterator[int]:
    """DCMTK's archive with an empty database; its port."""
    port, folder = free_port(), tmp_path / "archive"
    folder.mkdir()
    configuration = tmp_path / "dcmqrscp.cfg"
    configuration.write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
        f"HostTable BEGIN\npreread = (PREREAD, {HOST}, 11112)\nHostTable END\n"
        "VendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\nARCHIVE {folder} RW (200, 1024mb) ANY\nAETable END\n"
    )
    server = ServerProcess([str(dcmtk.path("dcmqrscp")), "-c", str(configuration)], tmp_path / "dcmqrscp.log")
    try:
        server.wait_for_port(port)
        yield port
    finally:
        server.kill()


def test_study_is_fetched_from_dcmqrscp(
    dcmqrscp: int, dcmtk: Dcmtk, tmp_path: Path, orthanc: Orthanc
) -> None:
    study, images = generate_uid(), tmp_path / "images"
    images.mkdir()
    for number in range(2):
        (images / f"{number}.dcm").write_bytes(part10(us_dataset(StudyInstanceUID=study)))
    sent = dcmtk.run("storescu", "-aec", "ARCHIVE", "+sd", HOST, str(dcmqrscp), str(images))
    assert sent.returncode == 0, sent.stdout
    source = {"name": "archive", "dimse": {"host": HOST, "port": dcmqrscp, "ae_title": "ARCHIVE"}}
    with running(Preread(tmp_path, 1, "PACS", sources=[source], rules=[])) as preread:
        status, output, errors = fetch(preread, "--study", study)
        assert (status, errors) == (0, ""), output
        assert "2 of 2 instances" in output
        assert preread.studies()[study].instance_count == 2


def test_orthanc_answers_the_same_to_find_and_to_search(orthanc: Orthanc) -> None:
    study = upload(orthanc, PatientName="Müller^Eva", SpecificCharacterSet="ISO_IR 100")
    orthanc.add_modality("preread", "PREREAD", free_port())  # C-GET and C-FIND are for those that it knows
    found = {}
    for service in ("c-get", "wado-rs"):
        settings = Settings.model_validate({"sources": [source_of(orthanc, service)]})
        archive = open_archive(settings, settings.sources[0])
        (one,) = archive.find_studies(StudyQuery(study_instance_uid=study))
        found[service] = (one, set(archive.find_instances(study)))
    assert found["c-get"][0] == found["wado-rs"][0]
    assert found["c-get"][1] == found["wado-rs"][1]
    assert found["c-get"][0].header.patient_name == "Müller^Eva"


def enter_result(ledger: Ledger, study: str, series: str) -> None:
    stored = StoredObject(
        generate_uid(), study, 1, "us-mass", "heatmap", "1.2.3", series, "objects/1", datetime.now(UTC)
    )
    with ledger.begin() as tx:
        tx.deliveries.add_object(stored)
