"""Studies that do not get to their end raise an alarm, once."""

from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from service.assemble.overdue import OverdueAlarm
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.retry_study import retry_study
from service.storage.store.memory import MemoryStore
from service.study.state import StudyEvent
from tests.unit.worklist import reading_room
from tests.unit.worklist.builders import Seed

HALF_AN_HOUR_S = 1800.0


@pytest.fixture
def seed(ledger: Ledger, store: MemoryStore) -> Seed:
    return Seed(ledger, store, 1)


@pytest.fixture
def alarm(ledger: Ledger) -> OverdueAlarm:
    return OverdueAlarm(ledger, HALF_AN_HOUR_S)


def test_no_alarm_before_its_time(alarm: OverdueAlarm, seed: Seed) -> None:
    seed.receive(minutes_ago=29).queue()
    assert alarm.check() == ""


def test_alarm_tells_how_many_and_of_the_oldest_its_state_and_reason(
    alarm: OverdueAlarm, seed: Seed, store: MemoryStore
) -> None:
    seed.receive(minutes_ago=45)
    Seed(seed.ledger, store, 2).receive(minutes_ago=90).queue()

    text = alarm.check()

    assert text.startswith("2 studies have reached no final state 30 min after the last image")
    assert "is queued: waiting for us-mass (rule breast-ultrasound)" in text
    assert "`preread status --overdue`" in text
    assert seed.uid not in text


@pytest.mark.parametrize("scene", ["failed", "rejected", "not_analysed", "negative"])
def test_study_that_has_ended_is_not_overdue(alarm: OverdueAlarm, seed: Seed, scene: str) -> None:
    getattr(reading_room, scene)(seed)
    assert alarm.check() == ""


def test_parked_study_waits_on_purpose(alarm: OverdueAlarm, seed: Seed) -> None:
    seed.receive(minutes_ago=90).move(StudyEvent.PARKED, "waiting for views")
    assert alarm.check() == ""


def test_results_that_wait_for_their_destination_are_overdue(alarm: OverdueAlarm, seed: Seed) -> None:
    seed.receive(minutes_ago=90).queue().analyse(score := seed.score(1, 0.5, "L")).report(score)
    assert "is reported: 2 objects written, being sent to pacs" in alarm.check()


def test_results_without_a_destination_are_where_they_belong(alarm: OverdueAlarm, seed: Seed) -> None:
    seed.receive(minutes_ago=90).queue().analyse(seed.score(1, 0.5, "L"))
    seed.move(StudyEvent.ANALYSES_FINISHED, "scored").move(StudyEvent.OBJECTS_WRITTEN, "they stay here")
    assert alarm.check() == ""


def test_study_that_is_tried_again_has_as_long_once_more(ledger: Ledger, seed: Seed) -> None:
    reading_room.failed(seed)
    with ledger.begin() as tx:
        retry_study(tx, seed.uid, "again")
    now = datetime.now(UTC)
    for minutes, overdue in ((29, False), (31, True)):
        later = now + timedelta(minutes=minutes)
        assert bool(OverdueAlarm(ledger, HALF_AN_HOUR_S, lambda later=later: later).check()) is overdue  # type: ignore[misc]


def test_log_tells_when_it_begins_grows_and_ends(alarm: OverdueAlarm, seed: Seed, store: MemoryStore) -> None:
    with capture_logs() as logs:
        alarm.check()
        seed.receive(minutes_ago=90).queue()
        alarm.check()
        alarm.check()
        Seed(seed.ledger, store, 2).receive(minutes_ago=60)
        alarm.check()
        seed.move(StudyEvent.GAVE_UP, "broken")
        with seed.ledger.begin() as tx:
            tx.studies.move(f"{seed.uid[:-1]}2", StudyEvent.GAVE_UP, "broken")
        alarm.check()
    assert [(entry["event"], entry.get("count")) for entry in logs] == [
        ("studies are overdue", 1),
        ("studies are overdue", 2),
        ("no study is overdue any more", None),
    ]
    assert logs[0]["study_instance_uid"] == seed.uid  # which configure_logs hashes
