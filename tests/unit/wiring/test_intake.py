"""Which intake is chosen, and what becomes of a journal that is not used any more."""

from pathlib import Path

import pytest

from service.accept.instance.receiver import InstanceReceiver
from service.accept.intake.journal_intake import JournalIntake
from service.accept.intake.port import DirectIntake
from service.accept.intake.settler import Settler
from service.config import Settings
from service.storage.ledger.ledger import Ledger
from service.storage.store.filesystem import FilesystemStore
from service.wiring.intake import open_intake
from tests.fakes.datasets import EXPLICIT_VR_LE, US_IMAGE, encoded, us_dataset


def settings(folder: Path, **accept: object) -> Settings:
    return Settings.model_validate({"data_folder": folder, "accept": {"min_free_bytes": 0, **accept}})


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")


@pytest.mark.parametrize(
    ("accept", "intake"),
    [
        ({}, JournalIntake),
        ({"conflicting_instances": "replace"}, JournalIntake),
        ({"conflicting_instances": "refuse"}, DirectIntake),
        ({"durability": "direct"}, DirectIntake),
    ],
)
def test_the_settings_choose(tmp_path: Path, ledger: Ledger, accept: dict[str, str], intake: type) -> None:
    with open_intake(settings(tmp_path, **accept), ledger, FilesystemStore(tmp_path / "store")) as chosen:
        assert isinstance(chosen, intake)


def test_direct_makes_no_journal(tmp_path: Path, ledger: Ledger) -> None:
    with open_intake(settings(tmp_path, durability="direct"), ledger, FilesystemStore(tmp_path / "store")):
        assert not (tmp_path / "journal").exists()


def test_after_a_change_to_direct_what_the_journal_holds_is_settled(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, uid = FilesystemStore(tmp_path / "store"), "1.2.3"
    with monkeypatch.context() as patch:
        patch.setattr(Settler, "run", lambda settler, stop: None)
        with open_intake(settings(tmp_path), ledger, store) as intake:
            receiver = InstanceReceiver(store, intake, settings(tmp_path).accept)
            data = encoded(us_dataset(SOPInstanceUID=uid))
            assert receiver.receive(data, US_IMAGE, uid, EXPLICIT_VR_LE, "SCANNER") == 0x0000

    with open_intake(settings(tmp_path, durability="direct"), ledger, store):
        pass

    with ledger.read() as tx:
        entry = tx.instances.find(uid)
    assert entry is not None
    assert store.get(entry.key).endswith(data)
