from datetime import datetime

from service.assemble.policy import policies
from service.assemble.watch import Watch
from service.config import AssembleSettings
from service.study.waiting import WaitingStudy
from tests.unit.assemble.builders import at, rule, waiting

CEILING_S = 600.0


def watch() -> Watch:
    counts = rule(count="announced", settling_s=5)
    return Watch(policies(AssembleSettings(ceiling_s=CEILING_S, completeness=(counts,))))


def is_due(watch: Watch, study: WaitingStudy, now: datetime) -> bool:
    return watch.due([study], now) == [study]


def test_study_is_not_looked_at_while_images_pour_in() -> None:
    assert not is_due(watch(), waiting(last_s=10), at(14.9))
    assert is_due(watch(), waiting(last_s=10), at(15))


def test_study_that_trickles_in_is_looked_at_from_its_ceiling_on() -> None:
    assert not is_due(watch(), waiting(last_s=CEILING_S - 1), at(CEILING_S - 0.1))
    assert is_due(watch(), waiting(last_s=CEILING_S - 1), at(CEILING_S))


def test_decided_study_is_not_looked_at_before_the_decision_can_change() -> None:
    watched, study = watch(), waiting()
    watched.decided(study, again_at=at(60))
    assert not is_due(watched, study, at(59.9))
    assert is_due(watched, study, at(60))


def test_new_sign_makes_a_decided_study_due() -> None:
    watched = watch()
    watched.decided(waiting(), again_at=at(60))
    changed = [waiting(count=2), waiting(revision=2), waiting(released_s=1), waiting(steps_changed_at=at(1))]
    assert watched.due(changed, at(10)) == changed


def test_study_that_waits_no_more_is_forgotten() -> None:
    watched, study = watch(), waiting()
    watched.decided(study, again_at=at(500))
    watched.due([], at(10))
    assert is_due(watched, study, at(20))
