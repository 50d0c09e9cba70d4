"""Destinations and sources, against PACS and web servers that are told what to answer."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.uid import Comprehensive3DSRStorage, SecondaryCaptureImageStorage

from service.config import Settings
from service.config.sections import ReportSettings
from service.errors import PeerUnavailable
from service.report.iod import iod_faults
from service.report.trial_object import DESCRIPTION, trial_object
from service.wiring.doctor.destinations import look_at_destination
from service.wiring.doctor.finding import Finding
from service.wiring.doctor.sources import look_at_source
from service.wiring.doctor.store_test import store_test
from tests.servers.process import HOST, free_port
from tests.unit.fetch.archive import FIND, GET, Archive, running
from tests.unit.send.pacs import running_pacs
from tests.unit.send.test_stow_link import Web, serving
from tests.unit.wiring.doctor.told import PACS, check_words, only, outcomes, settings_in

EXPLICIT = ["1.2.840.10008.1.2.1"]
COMMITMENT = "1.2.840.10008.1.20.1"
VERIFICATION = "1.2.840.10008.1.1"
ALL = dict.fromkeys(
    (VERIFICATION, Comprehensive3DSRStorage, SecondaryCaptureImageStorage, COMMITMENT), EXPLICIT
)

# pynetdicom leaves closing a socket that never connected to its reference count.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed <socket:ResourceWarning",
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning",
)


def sending_to(folder: Path, port: int, **values: Any) -> Settings:
    return settings_in(
        folder,
        destinations=[PACS | {"port": port} | values],
        send={"confirm_wait_s": 0.2, "connect_timeout_s": 5},
    )


def look(settings: Settings) -> list[Finding]:
    return check_words(look_at_destination(settings, settings.destinations[0]))


def test_pacs_that_offers_everything_is_fine(tmp_path: Path) -> None:
    with running_pacs(ALL) as pacs:
        found = look(sending_to(tmp_path, pacs.destination.port))
    assert outcomes(found) == {"destination pacs": ["ok", "ok", "ok"]}
    assert "C-ECHO answered with Success" in found[0].seen
    assert pacs.datasets == []


def test_pacs_that_takes_no_reports_fails(tmp_path: Path) -> None:
    contexts = {uid: syntaxes for uid, syntaxes in ALL.items() if uid != Comprehensive3DSRStorage}
    with running_pacs(contexts) as pacs:
        found = look(sending_to(tmp_path, pacs.destination.port))
    assert [one.outcome for one in found] == ["ok", "failed", "ok"]
    assert "does not take Comprehensive 3D SR Storage" in found[1].seen


@pytest.mark.parametrize(
    ("confirm", "outcome"), [("auto", "warning"), ("commitment", "failed"), ("status", "ok")]
)
def test_pacs_that_cannot_confirm_is_told(tmp_path: Path, confirm: str, outcome: str) -> None:
    contexts = {uid: syntaxes for uid, syntaxes in ALL.items() if uid not in (COMMITMENT, VERIFICATION)}
    with running_pacs(contexts) as pacs:
        found = look(sending_to(tmp_path, pacs.destination.port, confirm=confirm))
    assert [one.outcome for one in found] == ["warning", "ok", outcome]  # it takes no C-ECHO either


def test_pacs_that_is_away_is_told(tmp_path: Path) -> None:
    with pytest.raises(PeerUnavailable, match="cannot be reached"):
        look(sending_to(tmp_path, free_port()))


def test_pacs_that_does_not_know_us_is_told(tmp_path: Path) -> None:
    with (
        running_pacs(ALL, require_calling_aet=["OTHER"]) as pacs,
        pytest.raises(PeerUnavailable, match="check that it knows our AE title PREREAD"),
    ):
        look(sending_to(tmp_path, pacs.destination.port))


def test_test_object_is_stored_and_is_of_nobody(tmp_path: Path) -> None:
    with running_pacs(ALL) as pacs:
        settings = sending_to(tmp_path, pacs.destination.port)
        found = check_words(store_test(settings, settings.destinations[0]))
    assert [one.outcome for one in found] == ["ok", "skipped"]  # it offers no C-FIND
    (stored,) = pacs.datasets
    assert (stored.SeriesDescription, stored.PatientID, stored.PatientName) == (DESCRIPTION, "", "")


def test_test_object_that_is_not_taken_fails(tmp_path: Path) -> None:
    with running_pacs(ALL, lambda _event: 0xA700) as pacs:
        settings = sending_to(tmp_path, pacs.destination.port)
        found = only(check_words(store_test(settings, settings.destinations[0])))
    assert (found.outcome, "out of resources" in found.seen) == ("failed", True)


def test_test_object_is_whole_and_the_same_each_time() -> None:
    stored, data = trial_object("pacs", ReportSettings())
    ds = dcmread(BytesIO(data))
    assert list(iod_faults(ds)) == []
    assert (ds.SOPInstanceUID, data) == (stored.sop_instance_uid, trial_object("pacs", ReportSettings())[1])
    assert ds.StudyInstanceUID != trial_object("other", ReportSettings())[0].study_instance_uid
    assert 200 < (ds.pixel_array > 0).sum() < ds.pixel_array.size / 2  # the words are in the pixels


def test_web_destination_is_asked_by_qido(tmp_path: Path) -> None:
    with serving(Web()) as web:
        settings = settings_in(tmp_path, destinations=[{"name": "web", "stow": {"url": web.url}}])
        assert only(look(settings)).outcome == "ok"
        web.find_status = 403
        refused = only(look(settings))
    assert (refused.outcome, "HTTP 403" in refused.seen) == ("warning", True)
    assert web.posted == []


def test_test_object_at_a_web_destination_is_looked_for(tmp_path: Path) -> None:
    stored, _ = trial_object("web", ReportSettings())
    with serving(Web()) as web:
        settings = settings_in(
            tmp_path, destinations=[{"name": "web", "stow": {"url": web.url}}], send={"confirm_wait_s": 0.1}
        )
        lost = check_words(store_test(settings, settings.destinations[0]))
        web.held.add(stored.sop_instance_uid)
        found = check_words(store_test(settings, settings.destinations[0]))
    assert [one.outcome for one in lost] == ["ok", "warning"]
    assert [one.outcome for one in found] == ["ok", "ok"]


def test_fhir_server_is_asked_what_it_can(tmp_path: Path) -> None:
    with serving(Web()) as web:
        settings = settings_in(tmp_path, destinations=[{"name": "fhir", "fhir": {"url": web.url}}])
        assert only(look(settings)).outcome == "ok"
    assert web.paths == ["/dicom-web/metadata"]


def test_message_destinations_are_not_sent_a_test(tmp_path: Path) -> None:
    settings = settings_in(
        tmp_path, destinations=[{"name": "ris", "hl7": {"host": HOST, "port": free_port()}}]
    )
    assert only(look(settings)).outcome == "skipped"
    assert only(store_test(settings, settings.destinations[0])).outcome == "skipped"


def fetching_from(folder: Path, port: int, retrieve: str = "c-get") -> Settings:
    dimse = {"host": HOST, "port": port, "ae_title": "ARCHIVE", "retrieve": retrieve}
    return settings_in(folder, sources=[{"name": "old", "dimse": dimse}])


def test_source_that_offers_everything_is_fine(tmp_path: Path) -> None:
    with running(Archive(models=(VERIFICATION, FIND, GET))) as archive:
        settings = fetching_from(tmp_path, archive.port)
        found = check_words(look_at_source(settings, settings.sources[0]))
    assert outcomes(found) == {"source old": ["ok", "ok"]}


def test_source_that_moves_and_does_not_get_is_told(tmp_path: Path) -> None:
    with running(Archive(models=(VERIFICATION, FIND, GET))) as archive:
        settings = fetching_from(tmp_path, archive.port, "c-move")
        found = check_words(look_at_source(settings, settings.sources[0]))
    assert [one.outcome for one in found] == ["ok", "failed"]
    assert "does not offer us C-MOVE" in found[1].seen


def test_source_by_dicomweb_is_searched_for_nobody(tmp_path: Path) -> None:
    with serving(Web()) as web:
        settings = settings_in(tmp_path, sources=[{"name": "old", "dicomweb": {"qido_url": web.url}}])
        assert only(check_words(look_at_source(settings, settings.sources[0]))).outcome == "ok"
        web.find_status = 500
        with pytest.raises(PeerUnavailable, match="HTTP 500"):
            list(look_at_source(settings, settings.sources[0]))
    assert "StudyInstanceUID=2.25.1&" in web.paths[0]
