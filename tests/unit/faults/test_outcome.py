import pytest

from tests.faults.outcome import Outcome, results, rows
from tests.faults.plan import Round
from tests.faults.verdict import Judgement, Verdict

TARGETS = {
    Verdict.LOST: "lost",
    Verdict.TWICE: "duplicates",
    Verdict.STUCK: "stuck",
    Verdict.MANUAL: "manual steps",
}


def outcome(*verdicts: Verdict, recovery_s: float = 1.0, restarts: int = 0) -> Outcome:
    judgements = {str(number): Judgement(verdict) for number, verdict in enumerate(verdicts)}
    return Outcome(
        "embedded", Round(1, ("infer killed",), "1/1"), judgements, len(verdicts), recovery_s, restarts
    )


def holding(*outcomes: Outcome, faults: int = 1) -> dict[str, bool | None]:
    return {one.measure: one.holds for one in results(outcomes, faults, "in a test")}


def test_all_targets_hold_where_everything_was_delivered_once() -> None:
    assert False not in holding(outcome(Verdict.ONCE)).values()


@pytest.mark.parametrize("verdict", TARGETS)
def test_one_study_of_many_breaks_its_target(verdict: Verdict) -> None:
    well = outcome(Verdict.ONCE, Verdict.ONCE)

    broken = [name for name, holds in holding(well, outcome(Verdict.ONCE, verdict)).items() if holds is False]

    assert broken == [TARGETS[verdict]]


def test_a_service_that_had_to_be_started_is_a_manual_step() -> None:
    assert holding(outcome(Verdict.ONCE, restarts=1))["manual steps"] is False
    assert not outcome(Verdict.ONCE, restarts=1).is_good


def test_too_few_faults_break_a_target() -> None:
    assert holding(outcome(Verdict.ONCE), faults=2)["faults run"] is False


def test_a_row_sums_up_the_rounds_of_one_fault() -> None:
    (row,) = rows(
        [outcome(Verdict.ONCE, Verdict.LOST, recovery_s=2.0), outcome(Verdict.ONCE, recovery_s=4.0)]
    )

    assert (row.rounds, row.sent, row.once, row.lost) == (2, 3, 2, 1)
    assert (row.median_recovery_s, row.worst_recovery_s) == (3.0, 4.0)


def test_a_dead_letter_is_a_manual_step() -> None:
    left = outcome(Verdict.ONCE)
    left.dead_letters = 1

    assert holding(left)["manual steps"] is False
    assert not left.is_good
