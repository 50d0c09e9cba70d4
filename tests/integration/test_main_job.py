"""The main job on real servers and on the embedded default: C-STORE in, SR and heatmaps in the PACS."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file

from service.study.state import StudyState
from tests.integration.scanner import SC_CLASS, SR_CLASS, new_study, store, write
from tests.servers.dcmtk import Dcmtk
from tests.servers.orthanc import Orthanc
from tests.servers.postgres import empty_database
from tests.servers.preread import Preread, running
from tests.servers.rabbitmq import empty_virtual_host

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", params=["embedded", "servers", "pynetdicom"])
def preread(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, orthanc_server: Orthanc
) -> Iterator[Preread]:
    """One service for all tests: each sends studies of its own."""
    settings: dict[str, Any] = {}
    with ExitStack() as resources:
        if request.param == "pynetdicom":
            settings = {"accept": {"receiver": "pynetdicom"}}
        if request.param == "servers":
            broker = resources.enter_context(empty_virtual_host(request.getfixturevalue("rabbitmq")))
            ledger = resources.enter_context(empty_database(request.getfixturevalue("postgres_server")))
            settings = {"broker": {"kind": "rabbitmq", "url": broker}, "ledger": {"url": ledger}}
        folder, port = tmp_path_factory.mktemp(request.param), orthanc_server.dicom_port
        service = Preread(folder, port, orthanc_server.ae_title, **settings)
        yield resources.enter_context(running(service))


@pytest.fixture
def study(tmp_path: Path) -> list[Path]:
    return write(new_study(), tmp_path / "study")


def test_study_comes_back_as_report_and_heatmaps_and_once_only(
    preread: Preread, orthanc: Orthanc, dcmtk: Dcmtk, study: list[Path]
) -> None:
    uid = str(dcmread(study[0]).StudyInstanceUID)

    store(dcmtk, preread, study)
    delivered = preread.wait_for_state(uid, "delivered", "failed", "not_analysed")

    assert delivered.state is StudyState.DELIVERED, delivered.reason
    assert orthanc.count_by_sop_class() == {SR_CLASS: 1, SC_CLASS: 2}
    assert {instance["StudyInstanceUID"] for instance in orthanc.instances()} == {uid}

    log = (preread.folder / "preread.log").read_text()
    assert not {word for word in (uid, "PHANTOM", "SPECKLE") if word in log}

    store(dcmtk, preread, study)
    again = preread.studies()[uid]
    assert (again.state, again.revision) == (StudyState.DELIVERED, 1)
    assert orthanc.count_by_sop_class() == {SR_CLASS: 1, SC_CLASS: 2}


def test_late_image_gives_a_second_report_that_names_the_first(
    preread: Preread, orthanc: Orthanc, dcmtk: Dcmtk, study: list[Path]
) -> None:
    uid = str(dcmread(study[0]).StudyInstanceUID)
    store(dcmtk, preread, study[:1])
    preread.wait_for_state(uid, "delivered")
    (first,) = [i["SOPInstanceUID"] for i in orthanc.instances() if i["SOPClassUID"] == SR_CLASS]

    store(dcmtk, preread, study[1:])
    orthanc.wait_for_instances(4)

    assert orthanc.count_by_sop_class() == {SR_CLASS: 2, SC_CLASS: 2}
    (second,) = [
        i for i in orthanc.instances() if i["SOPClassUID"] == SR_CLASS and i["SOPInstanceUID"] != first
    ]
    assert first in str(second["PredecessorDocumentsSequence"])


def test_images_that_are_no_breast_get_a_reason_and_no_object(
    preread: Preread, orthanc: Orthanc, dcmtk: Dcmtk
) -> None:
    file = get_testdata_file("examples_rgb_color.dcm", download=False)
    assert file is not None

    store(dcmtk, preread, [Path(file)])
    study = preread.wait_for_state(str(dcmread(file).StudyInstanceUID), "not_analysed", "delivered", "failed")

    assert study.state is StudyState.NOT_ANALYSED
    assert "not analysed because" in study.reason
    assert orthanc.instances() == []
