import pytest

from service.config import Settings, WorklistSettings
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from service.study.model import StudyHeader
from service.worklist.app import create_app
from service.worklist.viewer import viewer_address
from tests.unit.worklist import reading_room
from tests.unit.worklist.builders import Seed
from tests.unit.worklist.clients import from_here

OHIF = "https://ohif.hospital/viewer?StudyInstanceUIDs={study_instance_uid}"


@pytest.mark.parametrize(
    ("template", "address"),
    [
        ("", ""),
        (OHIF, "https://ohif.hospital/viewer?StudyInstanceUIDs=1.2.3"),
        ("weasis://$dicom:rs -r patientID={patient_id}", "weasis://$dicom:rs -r patientID=A%26b%3D%22%2F"),
        ("https://pacs/{accession_number}", ""),
    ],
)
def test_values_are_safe_in_an_address_and_a_missing_one_makes_none(template: str, address: str) -> None:
    assert viewer_address(template, "1.2.3", StudyHeader(patient_id='A&b="/')) == address


@pytest.mark.parametrize(
    "wrong", ["javascript:alert(1)", "/viewer", "https://x/{patient_name}", "https://x/{"]
)
def test_a_template_that_is_none_is_a_wrong_setting(wrong: str) -> None:
    with pytest.raises(ValueError):
        WorklistSettings(viewer_url=wrong)


def test_a_study_leads_to_the_viewer(ledger: Ledger, store: MemoryStore, seed: Seed) -> None:
    reading_room.positive(seed)
    settings = Settings(worklist=WorklistSettings(viewer_url=OHIF))
    page = from_here(create_app(ledger, store, settings)).get(f"/studies/{seed.uid}").text
    assert f'href="https://ohif.hospital/viewer?StudyInstanceUIDs={seed.uid}"' in page
    assert (
        "Open in the viewer"
        not in from_here(create_app(ledger, store, Settings())).get(f"/studies/{seed.uid}").text
    )
