"""The PACS that forgets lies in its answer to a C-STORE, and says the truth about what it holds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pynetdicom import AE
from pynetdicom.sop_class import (  # type: ignore[attr-defined, unused-ignore]
    StudyRootQueryRetrieveInformationModelFind as StudyRootFind,
)

from tests.fakes.datasets import US_IMAGE, part10, us_dataset
from tests.faults.scripted_pacs import Behaviour, ScriptedPacs, scripted_pacs
from tests.servers.orthanc import Orthanc

pytestmark = [pytest.mark.integration, pytest.mark.fault]


@pytest.fixture
def pacs(tmp_path: Path, orthanc: Orthanc) -> Iterator[ScriptedPacs]:
    with scripted_pacs(tmp_path, orthanc) as running:
        yield running


@pytest.fixture
def association(pacs: ScriptedPacs) -> Iterator[Any]:
    ae = AE()
    ae.add_requested_context(US_IMAGE)
    ae.add_requested_context(StudyRootFind)
    association = ae.associate("127.0.0.1", pacs.dicom_port)
    assert association.is_established
    yield association
    association.release()


def held(association: Any, instance: Dataset) -> list[str]:
    asked = Dataset()
    asked.QueryRetrieveLevel = "IMAGE"
    asked.StudyInstanceUID = instance.StudyInstanceUID
    asked.SOPInstanceUID = [instance.SOPInstanceUID, "2.25.1"]
    asked.SOPClassUID = ""
    answers = [match for _, match in association.send_c_find(asked, StudyRootFind) if match is not None]
    assert {match.SOPClassUID for match in answers} <= {US_IMAGE}
    return [match.SOPInstanceUID for match in answers]


@pytest.mark.parametrize(
    ("behaviour", "status", "keeps"),
    [(Behaviour.WARN, 0xB000, True), (Behaviour.FORGET, 0x0000, False), (Behaviour.REFUSE, 0xA700, False)],
)
def test_c_find_says_what_was_kept(
    pacs: ScriptedPacs, association: Any, behaviour: Behaviour, status: int, keeps: bool
) -> None:
    pacs.behave(behaviour)
    instance = dcmread(DicomBytesIO(part10(us_dataset())))

    assert association.send_c_store(instance).Status == status
    assert held(association, instance) == ([instance.SOPInstanceUID] if keeps else [])
