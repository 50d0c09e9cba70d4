"""STOW-RS and the watched folder over the journal and the ledger, as the role `accept` has them."""

import threading
from pathlib import Path

import pytest

from service.accept.instance.receiver import InstanceReceiver
from service.config import AcceptSettings, Settings
from service.config.stow import StowSettings
from service.config.watched_folder import WatchedFolderSettings
from service.errors import ConfigurationError
from service.storage.ledger.ledger import Ledger
from service.storage.store.filesystem import FilesystemStore
from service.wiring.intake import open_intake
from service.wiring.watched_folder import open_watched_folder
from service.wiring.web_intake import open_web_intake
from tests.fakes.datasets import part10, us_dataset
from tests.servers.process import free_port, listens
from tests.unit.accept.doubles import wait_for
from tests.unit.accept.stow.bodies import body
from tests.unit.accept.stow.web import post


def known(ledger: Ledger) -> set[str]:
    with ledger.read() as tx:
        return {study.study_instance_uid for study in tx.studies.latest(10)}


@pytest.mark.parametrize("durability", ["journal", "direct"])
def test_instances_of_both_ways_are_in_the_ledger(tmp_path: Path, ledger: Ledger, durability: str) -> None:
    port, stop, folder = free_port(), threading.Event(), tmp_path / "in"
    folder.mkdir()
    (folder / "1.dcm").write_bytes(part10(us_dataset(StudyInstanceUID="1.2.1")))
    accept = AcceptSettings.model_validate(
        {
            "min_free_bytes": 0,
            "durability": durability,
            "stow": StowSettings(enabled=True, port=port),
            "watched_folder": WatchedFolderSettings(path=folder, settle_s=0, poll_interval_s=0.05),
        }
    )
    store = FilesystemStore(tmp_path / "store")
    settings = Settings(data_folder=tmp_path / "data", accept=accept)
    with open_intake(settings, ledger, store) as intake:
        receiver = InstanceReceiver(store, intake, accept)
        with open_web_intake(settings, receiver, stop), open_watched_folder(settings, receiver, stop):
            wait_for(lambda: listens(port))
            stored = post(port, body(part10(us_dataset(StudyInstanceUID="1.2.2"))))
            wait_for((folder / "done" / "1.dcm").exists)
            assert not stop.is_set()
        assert not listens(port)
    assert stored.status_code == 200
    assert known(ledger) == {"1.2.1", "1.2.2"}


def test_nothing_is_opened_that_is_not_set(ledger: Ledger) -> None:
    receiver = InstanceReceiver.__new__(InstanceReceiver)
    before, stop = threading.active_count(), threading.Event()
    with (
        open_web_intake(Settings(), receiver, stop),
        open_watched_folder(Settings(), receiver, stop),
    ):
        assert threading.active_count() == before


@pytest.mark.parametrize("watched", ["data", "data/instances", "."])
def test_the_services_own_files_are_not_watched(tmp_path: Path, watched: str) -> None:
    folder = WatchedFolderSettings(path=tmp_path / watched)
    settings = Settings(data_folder=tmp_path / "data", accept=AcceptSettings(watched_folder=folder))
    receiver = InstanceReceiver.__new__(InstanceReceiver)
    with (
        pytest.raises(ConfigurationError, match="choose a folder of its own"),
        open_watched_folder(settings, receiver, threading.Event()),
    ):
        pass
