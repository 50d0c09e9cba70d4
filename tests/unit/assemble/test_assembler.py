from datetime import UTC, datetime, timedelta
from typing import BinaryIO

import pytest

from service.assemble.assembler import Assembler
from service.assemble.headers import Headers
from service.config import AssembleSettings
from service.errors import StoreUnavailable
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from service.study.state import StudyState
from tests.unit.pipeline import AT_ONCE, assemble, phantom, receive, study_of


def test_quiet_study_becomes_complete_with_its_header(ledger: Ledger, store: MemoryStore) -> None:
    uid = receive(ledger, store, phantom())

    assert assemble(ledger, store) == 1

    study = study_of(ledger, uid)
    assert (study.state, study.instance_count) == (StudyState.ASSEMBLED, 2)
    assert (study.header.patient_id, study.header.modalities) == ("PHANTOM-1", ("US",))
    assert "2 images" in study.reason


def test_study_that_still_receives_stays(ledger: Ledger, store: MemoryStore) -> None:
    uid = receive(ledger, store, phantom())

    assert Assembler(ledger, Headers(store, ()), AssembleSettings()).assemble_complete() == 0
    assert study_of(ledger, uid).state is StudyState.RECEIVED


def test_patient_name_keeps_its_characters(ledger: Ledger, store: MemoryStore) -> None:
    (first, _) = phantom()
    first.SpecificCharacterSet = "GB18030"
    first.PatientName = "Zhang^XiaoMing=张^小明"

    uid = receive(ledger, store, [first])
    assemble(ledger, store)

    assert study_of(ledger, uid).header.patient_name == "Zhang^XiaoMing=张^小明"


def test_text_in_another_character_set_than_declared_is_said_and_not_guessed(
    ledger: Ledger, store: MemoryStore
) -> None:
    (first, _) = phantom()
    first.SpecificCharacterSet = "ISO_IR 192"
    first.PatientName = "Müller^Änne"
    del first.SpecificCharacterSet

    uid = receive(ledger, store, [first])
    assemble(ledger, store)

    name = study_of(ledger, uid).header.patient_name
    assert "\ufffd" in name
    assert "Ã" not in name
    with ledger.read() as tx:
        assert "character_set" in tx.studies.history(uid)[-1].reason


def test_text_is_decoded_by_the_character_set_that_is_set_for_its_sender(
    ledger: Ledger, store: MemoryStore
) -> None:
    (first, _) = phantom()
    first.SpecificCharacterSet = "ISO_IR 192"
    first.PatientName = "Müller^Änne"
    del first.SpecificCharacterSet
    uid = receive(ledger, store, [first])
    kept = store.get(store.keys("instances/")[0])

    headers = Headers(store, (), character_sets={"SCANNER": "ISO_IR 100"})
    Assembler(ledger, headers, AT_ONCE).assemble_complete()

    assert study_of(ledger, uid).header.patient_name == "Müller^Änne"
    assert store.get(store.keys("instances/")[0]) == kept


def test_instance_whose_bytes_rot_does_not_stop_its_study(ledger: Ledger, store: MemoryStore) -> None:
    uid = receive(ledger, store, phantom())
    store.put(store.keys("instances/")[0], b"rotten")

    assert assemble(ledger, store) == 1
    assert study_of(ledger, uid).header.patient_id == "PHANTOM-1"


def test_study_that_fails_is_explained_and_holds_up_no_other(
    ledger: Ledger, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = phantom()
    second.StudyInstanceUID = "1.2.3"
    bad, good = receive(ledger, store, [first]), receive(ledger, store, [second])
    read = store.get

    def get(key: str) -> bytes:
        if bad in key:
            raise RuntimeError
        return read(key)

    monkeypatch.setattr(store, "get", get)

    assert assemble(ledger, store) == 1
    assert study_of(ledger, good).state is StudyState.ASSEMBLED
    assert study_of(ledger, bad).state is StudyState.FAILED
    assert "RuntimeError" in study_of(ledger, bad).reason


def test_study_whose_store_is_away_waits(
    ledger: Ledger, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = receive(ledger, store, phantom())

    def away(_key: str) -> bytes:
        raise StoreUnavailable

    monkeypatch.setattr(store, "get", away)

    assert assemble(ledger, store) == 0
    assert study_of(ledger, uid).state is StudyState.RECEIVED


def test_instance_whose_bytes_are_gone_does_not_stop_its_study(ledger: Ledger, store: MemoryStore) -> None:
    uid = receive(ledger, store, phantom())
    store.delete(store.keys("instances/")[0])

    assert assemble(ledger, store) == 1
    assert study_of(ledger, uid).header.patient_id == "PHANTOM-1"


def test_image_that_is_replaced_while_it_is_decided_makes_the_study_wait_again(
    ledger: Ledger, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first, _) = phantom()
    uid = receive(ledger, store, [first])
    open_file = store.open

    def replaced_meanwhile(key: str) -> BinaryIO:
        monkeypatch.setattr(store, "open", open_file)
        header = open_file(key)
        first.PatientID = "CORRECTED"
        receive(ledger, store, [first], replace=True)
        return header

    monkeypatch.setattr(store, "open", replaced_meanwhile)

    assert assemble(ledger, store) == 0
    assert study_of(ledger, uid).state is StudyState.RECEIVED
    assert assemble(ledger, store) == 1
    study = study_of(ledger, uid)
    assert (study.header.patient_id, study.instance_count, study.revision) == ("CORRECTED", 1, 1)


def test_clock_that_was_set_back_delays_a_study_by_one_quiet_period_at_most(
    ledger: Ledger, store: MemoryStore
) -> None:
    # Arrange
    uid = receive(ledger, store, phantom())
    settings = AssembleSettings()
    now = datetime.now(UTC) - timedelta(hours=1)
    assembler = Assembler(ledger, Headers(store, ()), settings, clock=lambda: now)
    assert assembler.assemble_complete() == 0
    # Act
    now += timedelta(seconds=settings.quiet_period_s)
    # Assert
    assert assembler.assemble_complete() == 1
    assert study_of(ledger, uid).state is StudyState.ASSEMBLED
