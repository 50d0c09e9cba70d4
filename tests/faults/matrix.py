"""The fault matrix in one set-up: a calm round first, to compare with, then one round after the other."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.faults.catalogue import NOT_BY_DEFAULT, faults_of, missing_from
from tests.faults.dead_letters import dead_letters
from tests.faults.kinds.fault import Fault
from tests.faults.outcome import Outcome
from tests.faults.plan import MIXED_EVERY, Round, plan
from tests.faults.rounds import Rounds
from tests.faults.scanner import scanners
from tests.faults.servers import Servers, SetUp
from tests.faults.site import running_site
from tests.faults.studies import SmallStudy

CALM = Round(0, (), "calm")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run is asked for. `only`: names of faults; empty for all that are brought in by default."""

    faults: int
    studies: int
    seed: str
    only: Collection[str] = ()
    limit_s: float = 120.0
    mixed_every: int = MIXED_EVERY


class UnknownFaultError(ValueError):
    """A fault that this site does not have."""


def run_matrix(
    set_up: SetUp,
    servers: Servers,
    folder: Path,
    asked: Asked,
    say: Callable[[str], None],
    ended: Callable[[Outcome], None],
) -> list[Outcome]:
    """All rounds, and a last look at all their studies. `ended` is called after each round."""
    with running_site(set_up, servers, folder) as site, scanners(site.preread.dicom_port) as sending:
        faults = _chosen(faults_of(site), asked.only)
        for name, reason in missing_from(site).items():
            say(f"{set_up}: without the faults of the {name}: {reason}")
        site.preread.wait_for_log("infer is ready")
        rounds = Rounds(site, sending, faults, asked.studies, asked.limit_s)
        parts = {fault.name: fault.part for fault in faults.values()}
        played: list[tuple[Outcome, list[SmallStudy]]] = []
        planned = plan(parts, asked.faults, f"{asked.seed}/{set_up}", asked.mixed_every)
        for one in [CALM, *planned]:
            played.append(rounds.play(one))
            ended(played[-1][0])
        for outcome, sent in played:
            rounds.judge_again(outcome, sent)
        played[-1][0].dead_letters = dead_letters(site)
    return [outcome for outcome, _ in played]


def _chosen(faults: Mapping[str, Fault], only: Collection[str]) -> dict[str, Fault]:
    if unknown := set(only) - set(faults):
        known = ", ".join(sorted(faults))
        raise UnknownFaultError(f"there is no fault {', '.join(sorted(unknown))} here; there are {known}")
    return {
        name: fault for name, fault in faults.items() if name in (only or set(faults) - set(NOT_BY_DEFAULT))
    }
