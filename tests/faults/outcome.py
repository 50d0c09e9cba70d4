"""What rounds of faults led to, and what that is in all."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.benchmarks.harness.results import Result
from tests.faults.plan import Round
from tests.faults.verdict import Judgement, Verdict


@dataclass(slots=True)
class Outcome:
    """Of one round. A study that was found well once may be found doubled later: the worse one stays."""

    set_up: str
    round: Round
    judgements: dict[str, Judgement]
    """By Study Instance UID."""
    acknowledged: int
    """Studies of which every image was answered with Success."""
    recovery_s: float
    """From the end of the fault until every study was delivered, or was waited for no longer."""
    restarts: int = 0
    """How often the whole service had to be started by hand."""
    dead_letters: int = 0
    """Found at the end of a run, and counted in its last round: nobody can tell in which one they came."""
    stories: dict[str, list[str]] = field(default_factory=dict)
    """The history of each study that is not as it should be."""

    def count(self, verdict: Verdict) -> int:
        """Studies with this verdict."""
        return sum(one.verdict is verdict for one in self.judgements.values())

    @property
    def manual_steps(self) -> int:
        """What a person would have to do."""
        return self.count(Verdict.MANUAL) + self.restarts + self.dead_letters

    @property
    def is_good(self) -> bool:
        """Whether every study was delivered once, and nobody had to do anything."""
        return not self.manual_steps and self.count(Verdict.ONCE) == len(self.judgements)


@dataclass(frozen=True, slots=True)
class Row:
    """All rounds of one name in one set-up."""

    set_up: str
    fault: str
    rounds: int
    sent: int
    acknowledged: int
    once: int
    twice: int
    lost: int
    stuck: int
    manual_steps: int
    median_recovery_s: float
    worst_recovery_s: float

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.twice or self.lost or self.stuck or self.manual_steps)


def rows(outcomes: Sequence[Outcome]) -> list[Row]:
    """A row for each fault of each set-up, by name."""
    names = sorted({(one.set_up, one.round.name) for one in outcomes})
    return [
        row(set_up, name, [one for one in outcomes if (one.set_up, one.round.name) == (set_up, name)])
        for set_up, name in names
    ]


def row(set_up: str, name: str, outcomes: Sequence[Outcome]) -> Row:
    """`outcomes`, of which there is at least one, in one row."""
    times = [one.recovery_s for one in outcomes]
    return Row(
        set_up,
        name,
        len(outcomes),
        sum(len(one.judgements) for one in outcomes),
        sum(one.acknowledged for one in outcomes),
        _total(outcomes, Verdict.ONCE),
        _total(outcomes, Verdict.TWICE),
        _total(outcomes, Verdict.LOST),
        _total(outcomes, Verdict.STUCK),
        sum(one.manual_steps for one in outcomes),
        statistics.median(times),
        max(times),
    )


def results(outcomes: Sequence[Outcome], faults: int, how: str) -> list[Result]:
    """The totals against their targets: nothing lost, doubled or stuck, and `faults` of them."""
    all_in_all = row("", "", outcomes)
    faults_run = sum(len(one.round.faults) for one in outcomes)
    return [
        Result.at_most("lost", all_in_all.lost, "studies", how, 0),
        Result.at_most("duplicates", all_in_all.twice, "studies", how, 0),
        Result.at_most("stuck", all_in_all.stuck, "studies", how, 0),
        Result.at_most("manual steps", all_in_all.manual_steps, "steps", how, 0),
        Result.at_least("faults run", faults_run, "faults", how, faults),
        Result("studies sent", all_in_all.sent, "studies", how),
        Result("studies delivered once", all_in_all.once, "studies", how),
        Result("time to recover, median", all_in_all.median_recovery_s, "s", how),
        Result("time to recover, worst", all_in_all.worst_recovery_s, "s", how),
    ]


def _total(outcomes: Iterable[Outcome], verdict: Verdict) -> int:
    return sum(one.count(verdict) for one in outcomes)
