from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from structlog.testing import capture_logs

from service.accept.association.answer import Answer
from service.accept.association.command import Command
from service.accept.association.n_services import MAX_DATASET_BYTES, NServices
from service.accept.association.negotiation import Context
from service.accept.procedure_steps import ProcedureStepSCP
from service.errors import LedgerUnavailable
from service.storage.ledger.ledger import Ledger
from service.study.procedure_step import ProcedureStep, ProcedureStepStatus
from tests.fakes.datasets import EXPLICIT_VR_LE, IMPLICIT_VR_LE, encoded
from tests.fakes.modality import MPPS, N_CREATE, N_SET, STEP, STUDY, dataset_of, step_begins, step_ends


class Modality:
    """Sends its steps straight to the service."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.services = NServices(ProcedureStepSCP(ledger).handlers())

    def send(self, field: int, dataset: Dataset | bytes, uid: str = STEP, **command: Any) -> Answer:
        syntax = IMPLICIT_VR_LE if field == N_CREATE else EXPLICIT_VR_LE
        data = dataset if isinstance(dataset, bytes) else encoded(dataset, syntax)
        return self.services.answer(
            Command(field, 1, bool(data), command.get("sop_class_uid", MPPS), uid),
            Context(1, MPPS, syntax),
            data,
            "US1",
        )

    def create(self, dataset: Dataset | bytes | None = None, **command: Any) -> Answer:
        return self.send(N_CREATE, step_begins() if dataset is None else dataset, **command)

    def set(self, dataset: Dataset | bytes, **command: Any) -> Answer:
        return self.send(N_SET, dataset, **command)

    def step(self) -> ProcedureStep:
        with self.ledger.read() as tx:
            (step,) = tx.procedure_steps.of_study(STUDY)
        return step


@pytest.fixture
def modality(tmp_path: Path) -> Iterator[Modality]:
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    ledger.upgrade()
    yield Modality(ledger)
    ledger.close()


def test_step_that_begins_is_entered(modality: Modality) -> None:
    assert modality.create().status == 0x0000
    step = modality.step()
    assert (step.sop_instance_uid, step.status) == (STEP, ProcedureStepStatus.IN_PROGRESS)
    assert (step.instance_uids, step.calling_ae_title) == ((), "US1")


@pytest.mark.parametrize("status", ["COMPLETED", "DISCONTINUED"])
def test_step_that_ends_names_its_images_and_other_objects(modality: Modality, status: str) -> None:
    modality.create()
    assert modality.set(step_ends(["1.5.1", "1.5.2"], status, reports=["1.6.1"])).status == 0x0000
    assert (modality.step().status, modality.step().instance_uids) == (status, ("1.5.1", "1.5.2", "1.6.1"))


def test_step_may_name_more_images_than_a_sequence_usually_has(modality: Modality) -> None:
    images = [f"1.5.{number}" for number in range(1, 1001)]
    modality.create()
    assert modality.set(step_ends(images)).status == 0x0000
    assert modality.step().instance_uids == tuple(images)


def test_images_that_are_named_while_the_step_goes_on_are_kept_at_its_end(modality: Modality) -> None:
    modality.create()
    modality.set(step_ends(["1.5.1"], "IN PROGRESS"))
    assert not modality.step().status.is_final
    modality.set(dataset_of({"PerformedProcedureStepStatus": "COMPLETED"}))
    assert (modality.step().status, modality.step().instance_uids) == ("COMPLETED", ("1.5.1",))


def test_change_without_a_status_leaves_the_step_in_progress(modality: Modality) -> None:
    modality.create()
    assert modality.set(dataset_of({"PerformedStationName": "ROOM 2"})).status == 0x0000
    assert modality.step().status is ProcedureStepStatus.IN_PROGRESS


def test_step_without_a_uid_gets_one(modality: Modality) -> None:
    answer = modality.create(uid="")
    assert answer.sop_instance_uid == modality.step().sop_instance_uid
    assert answer.sop_instance_uid.startswith("2.25.")


def test_second_step_with_the_same_uid_is_refused(modality: Modality) -> None:
    modality.create()
    assert modality.create(step_begins("1.2.3")).status == 0x0111
    assert modality.step().study_instance_uid == STUDY


def test_unknown_step_cannot_change(modality: Modality) -> None:
    assert modality.set(step_ends(["1.5.1"])).status == 0x0112


@pytest.mark.parametrize("status", ["COMPLETED", "DISCONTINUED"])
def test_step_that_is_final_no_longer_changes(modality: Modality, status: str) -> None:
    modality.create()
    modality.set(step_ends(["1.5.1"], status))
    answer = modality.set(step_ends(["1.5.2"], "COMPLETED"))
    assert (answer.status, answer.error_id) == (0x0110, 0xA710)
    assert answer.comment == "Performed Procedure Step Object may no longer be updated"
    assert (modality.step().status, modality.step().instance_uids) == (status, ("1.5.1",))


@pytest.mark.parametrize(
    ("dataset", "status"),
    [
        (Dataset(), 0x0120),
        (step_begins(PerformedProcedureStepStatus=None), 0x0120),
        (step_begins(PerformedProcedureStepStatus=""), 0x0121),
        (step_begins(PerformedProcedureStepStatus="COMPLETED"), 0x0106),
        (step_begins(PerformedProcedureStepStatus="BUSY"), 0x0106),
        (step_begins(ScheduledStepAttributesSequence=None), 0x0120),
        (step_begins(ScheduledStepAttributesSequence=[]), 0x0120),
        (step_begins(ScheduledStepAttributesSequence=[Dataset()]), 0x0120),
        (step_begins(study_instance_uid=""), 0x0121),
        (encoded(step_begins("1.2.3.45"), IMPLICIT_VR_LE).replace(b"3.45", b"3..5"), 0x0106),
        (encoded(step_begins(), IMPLICIT_VR_LE)[:-3], 0x0110),
        (b"\xff" * 40, 0x0110),
        (bytes(MAX_DATASET_BYTES + 1), 0x0213),
    ],
    ids=[
        "no dataset", "no status", "empty status", "ended at once", "unknown status", "no scheduled step",
        "empty sequence", "no study", "empty study", "bad study", "cut off", "garbage", "too long",
    ],
)  # fmt: skip
def test_step_that_cannot_begin_is_refused_and_not_entered(
    modality: Modality, dataset: Dataset | bytes, status: int
) -> None:
    assert modality.create(dataset).status == status
    with modality.ledger.read() as tx:
        assert tx.procedure_steps.find(STEP) is None


@pytest.mark.parametrize(
    ("dataset", "status"),
    [
        (dataset_of({"PerformedProcedureStepStatus": ""}), 0x0121),
        (dataset_of({"PerformedProcedureStepStatus": "DONE"}), 0x0106),
        (step_ends([""]), 0x0106),
        (encoded(step_ends(["1.5.1"]))[:-1], 0x0110),
    ],
    ids=["empty status", "unknown status", "image without UID", "cut off"],
)
def test_change_that_is_not_understood_changes_nothing(
    modality: Modality, dataset: Dataset | bytes, status: int
) -> None:
    modality.create()
    before = modality.step()
    assert modality.set(dataset).status == status
    assert modality.step() == before


def test_uid_that_is_none_and_another_sop_class_are_refused(modality: Modality) -> None:
    assert modality.create(uid="../etc").status == 0x0117
    assert modality.create(sop_class_uid="1.2.840.10008.3.1.2.3.4").status == 0x0118


def test_ledger_that_is_away_is_a_matter_of_resources(
    modality: Modality, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise LedgerUnavailable("the ledger's database does not answer")

    monkeypatch.setattr(modality.ledger, "begin", away)
    assert modality.create().status == 0x0213


def test_unforeseen_error_is_answered_and_its_text_is_not_logged(
    modality: Modality, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("Doe^Jane")

    monkeypatch.setattr(modality.ledger, "begin", fail)
    with capture_logs() as logs:
        assert modality.create().status == 0x0110
    assert "Doe" not in str(logs)


def test_no_patient_data_is_logged(modality: Modality) -> None:
    with capture_logs() as logs:
        modality.create()
        modality.set(step_ends(["1.5.1"]))
    assert len(logs) == 2
    assert "Doe" not in str(logs)
