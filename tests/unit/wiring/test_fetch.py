from pathlib import Path

from service.config import Settings
from service.fetch.dicomweb import DicomWebArchive
from service.fetch.dimse import DimseArchive
from service.storage.ledger.ledger import Ledger
from service.wiring.fetch import open_archive, open_counter, open_fetching

DIMSE = {"host": "127.0.0.1", "port": 104, "ae_title": "PACS"}
SOURCES = [
    {"name": "get", "dimse": DIMSE},
    {"name": "move", "dimse": DIMSE | {"retrieve": "c-move", "calling_ae_title": "FETCHER"}},
    {"name": "web", "dicomweb": {"qido_url": "http://127.0.0.1:1"}},
]


def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate({"data_folder": tmp_path, "sources": SOURCES})


def test_source_leads_to_its_adapter_and_moves_go_to_ourselves(tmp_path: Path) -> None:
    get, move, web = [open_archive(settings(tmp_path), one) for one in settings(tmp_path).sources]
    assert isinstance(get, DimseArchive) and get._move_destination is None
    assert isinstance(move, DimseArchive) and move._move_destination == "PREREAD"
    assert move._peer.calling_ae_title == "FETCHER"
    assert isinstance(web, DicomWebArchive)


def test_first_source_is_meant_where_none_is_named(tmp_path: Path) -> None:
    with open_fetching(settings(tmp_path), None) as first, open_fetching(settings(tmp_path), "web") as web:
        assert (first.source.name, web.source.name) == ("get", "web")


def test_without_a_source_nothing_is_counted(ledger: Ledger, tmp_path: Path) -> None:
    assert open_counter(Settings(), ledger) is None
    assert open_counter(settings(tmp_path), ledger) is not None
