from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks import accept_trial
from tests.benchmarks.accept_cases import Case
from tests.benchmarks.accept_objects import CT, Objects
from tests.benchmarks.accept_trial import Trial

TINY = Case("ct4", "CT x4", replace(CT, shape=(4, 4)), 4, associations=4)
SENDS = Path("/bin/true")
FAILS = Path("/bin/false")


class FakeReceiver:
    """Holds what `counts` says, one after the other; the last one for ever."""

    name, ae_title, port, pid = "fake", "FAKE", 1, 0

    def __init__(self, *counts: int) -> None:
        self.counts = list(counts)
        self.cleared: list[str] = []

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def stored(self, study_instance_uid: str) -> int:
        return self.counts.pop(0) if len(self.counts) > 1 else self.counts[0]

    def clear(self, study_instance_uid: str) -> None:
        self.cleared.append(study_instance_uid)


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects.draw(TINY.kind, TINY.count, tmp_path / "drawn")


def test_waiting_until_all_is_stored_counts_as_settling_only(objects: Objects) -> None:
    receiver = FakeReceiver(0, 3, 4)
    trial = Trial(SENDS, receiver, TINY, objects)

    timed = trial()

    (settled_s,) = trial.settled_s
    assert 0 < timed.seconds < settled_s
    assert receiver.cleared == [objects.study_instance_uid]


def test_each_run_sends_a_study_of_its_own(objects: Objects) -> None:
    receiver = FakeReceiver(4)
    trial = Trial(SENDS, receiver, TINY, objects)

    trial()
    trial()

    assert len(set(receiver.cleared)) == 2


def test_a_lost_instance_fails_the_benchmark(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accept_trial, "GRACE_S", 0)

    with pytest.raises(RuntimeError, match="fake, CT x4: 3 of 4 instances are stored"):
        Trial(SENDS, FakeReceiver(3), TINY, objects)()


def test_a_refused_instance_fails_the_benchmark(objects: Objects) -> None:
    with pytest.raises(RuntimeError, match="storescu ended with 1"):
        Trial(FAILS, FakeReceiver(4), TINY, objects)()
