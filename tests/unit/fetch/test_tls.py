"""A PACS with TLS that is asked by DIMSE."""

import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.config import ClientTLS, Settings
from service.errors import ConfigurationError, PeerUnavailable
from service.fetch.dimse import DimseArchive
from service.fetch.query import StudyQuery
from service.wiring.fetch import open_archive, open_fetching
from tests.fakes.datasets import us_dataset
from tests.servers.certificates import Credentials, Hospital
from tests.unit.fetch.archive import STORABLE, Archive, running

# pynetdicom leaves closing a socket that never connected to its reference count.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed <socket:ResourceWarning",
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning",
)
STUDY = StudyQuery(study_instance_uid="1.2.3")


def with_tls(hospital: Hospital, own: Credentials) -> ssl.SSLContext:
    """Of a PACS that wants to see a certificate, too."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.certificate, own.key)
    context.load_verify_locations(hospital.authority.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def image() -> Any:
    return us_dataset(StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.3.1", AccessionNumber="A1")


def caller(pacs: Archive, hospital: Hospital, ca: Path | None = None) -> DimseArchive:
    own = hospital.service
    tls = ClientTLS(ca=ca or hospital.authority.certificate, certificate=own.certificate, key=own.key)
    return DimseArchive(replace(pacs.peer(), tls=tls, tls_setting="sources.pacs.dimse.tls"), STORABLE)


def test_study_is_found_over_tls(hospital: Hospital) -> None:
    with running(Archive([image()]), with_tls(hospital, hospital.pacs)) as pacs:
        (found,) = caller(pacs, hospital).find_studies(STUDY)
        (instance,) = caller(pacs, hospital).find_instances(found.study_instance_uid)
    assert instance.sop_instance_uid == pacs.images[0].SOPInstanceUID


def test_pacs_that_is_not_to_be_believed_is_asked_nothing(hospital: Hospital) -> None:
    with running(Archive([image()]), with_tls(hospital, hospital.expired_pacs)) as expired:
        with pytest.raises(PeerUnavailable, match=r"pacs \(127.*its certificate has expired"):
            caller(expired, hospital).find_studies(STUDY)
        with pytest.raises(PeerUnavailable, match=r"not trusted.*sources\.pacs\.dimse\.tls\.ca"):
            caller(expired, hospital, hospital.other_authority.certificate).find_studies(STUDY)
    assert expired.queries == []


def test_pacs_without_tls_is_asked_nothing(hospital: Hospital) -> None:
    with running(Archive([image()])) as plain:
        with pytest.raises(PeerUnavailable, match="does not speak TLS here"):
            caller(plain, hospital).find_studies(STUDY)
        assert plain.queries == []


def test_tls_of_a_source_reaches_its_adapter_and_is_an_error_at_start_where_it_cannot_be_used(
    tmp_path: Path,
) -> None:
    dimse = {"host": "127.0.0.1", "port": 104, "ae_title": "PACS", "tls": {"ca": "none.pem"}}
    sources = [{"name": "pacs", "dimse": dimse}]
    settings = Settings.model_validate({"data_folder": tmp_path, "sources": sources})
    archive = open_archive(settings, settings.sources[0])
    assert isinstance(archive, DimseArchive) and archive._peer.tls == ClientTLS(ca=Path("none.pem"))
    with (
        pytest.raises(ConfigurationError, match=r"sources\.pacs\.dimse\.tls\.ca \(none\.pem\)"),
        open_fetching(settings, None),
    ):
        pass
