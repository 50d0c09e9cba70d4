import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from service.errors import ConfigurationError, NotInThisState
from service.infer.worker import Worker
from service.storage.ledger.ledger import Ledger
from service.storage.store.filesystem import FilesystemStore
from service.study.messages import InferenceRequest
from service.study.state import StudyEvent, StudyState
from tests.fakes.classifier import FakeClassifier
from tests.fakes.pool import INLINE_POOLS
from tests.unit.cli.conftest import Run
from tests.unit.pipeline import US_TO_PACS, assemble, enqueue, phantom, receive, study_of


@contextmanager
def department(folder: Path) -> Iterator[tuple[Ledger, FilesystemStore]]:
    ledger, store = Ledger(f"sqlite:///{folder / 'ledger.sqlite3'}"), FilesystemStore(folder / "store")
    ledger.upgrade()
    yield ledger, store
    ledger.close()


@pytest.fixture
def read_before(tmp_path: Path) -> str:
    """A delivered study of which another classifier of this name has said something."""
    with department(tmp_path / "data") as (ledger, store):
        uid = receive(ledger, store, phantom())
        assemble(ledger, store)
        enqueue(ledger, store, US_TO_PACS)
        worker = Worker(ledger, store, {"us-mass": FakeClassifier()}, INLINE_POOLS, max_frames=4)
        worker.handle(InferenceRequest(uid, 1, "us-mass").to_json())
    return uid


def test_what_is_said_now_stands_beside_what_was_said(run: Run, read_before: str, tmp_path: Path) -> None:
    result = run("replay", read_before, "--classifier", "us-mass", "--dry-run", "--json")
    assert result.exit_code == 0, result.output
    images = json.loads(result.stdout)
    assert len(images) == 2
    for one in images:
        assert 0 < one["now"]["probability"] < 1
        assert one["before"]["probability"] != one["now"]["probability"]
    with department(tmp_path / "data") as (ledger, _):
        assert study_of(ledger, read_before).state is StudyState.INFERRED  # nothing has changed

    shown = run("replay", read_before, "--classifier", "us-mass", "--dry-run")
    assert "of 2 images; the largest change is" in shown.output


def test_without_dry_run_the_study_goes_its_way_again(run: Run, read_before: str, tmp_path: Path) -> None:
    with department(tmp_path / "data") as (ledger, _), ledger.begin() as tx:
        tx.studies.move(read_before, StudyEvent.OBJECTS_WRITTEN, "test")
        tx.studies.move(read_before, StudyEvent.ALL_DELIVERED, "test")
    result = run("replay", read_before, "--classifier", "us-mass")
    assert result.exit_code == 0, result.output
    with department(tmp_path / "data") as (ledger, _):
        study = study_of(ledger, read_before)
    assert (study.state, study.revision) == (StudyState.ASSEMBLED, 2)
    assert study.reason.startswith("replayed with us-mass")


def test_a_study_that_is_at_work_is_only_shown(run: Run, read_before: str) -> None:
    result = run("replay", read_before, "--classifier", "us-mass")
    assert isinstance(result.exception, NotInThisState)


def test_images_that_were_removed_are_told(run: Run, read_before: str, tmp_path: Path) -> None:
    with department(tmp_path / "data") as (ledger, store):
        with ledger.read() as tx:
            first = tx.instances.of_study(read_before)[0]
        store.delete(first.key)
    images = json.loads(run("replay", read_before, "--classifier", "us-mass", "--dry-run", "--json").stdout)
    assert sum("no longer here" in one["now"].get("not_analysed", "") for one in images) == 1
    assert sum(one["is_decided_otherwise"] for one in images) >= 1


@pytest.mark.parametrize(
    ("classifier", "problem"),
    [("us-mass@0.0.0", "not 0.0.0"), ("us-other", "no classifier 'us-other' is installed")],
)
def test_a_classifier_that_is_not_here_is_refused(
    run: Run, read_before: str, classifier: str, problem: str
) -> None:
    result = run("replay", read_before, "--classifier", classifier, "--dry-run")
    assert isinstance(result.exception, ConfigurationError)
    assert problem in str(result.exception)


def test_an_unknown_study_is_refused(run: Run, read_before: str) -> None:
    result = run("replay", "1.2.3", "--classifier", "us-mass", "--dry-run")
    assert isinstance(result.exception, ConfigurationError)
