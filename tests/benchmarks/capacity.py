"""`make bench-capacity`: the whole service under rising load; writes build/results/capacity.json.

Embedded, and with RabbitMQ and PostgreSQL. The worker has one core, everything else (the other roles,
servers, PACS and the simulator) shares the others. What comes of the figures: `make capacity-report`.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from service.study.state import StudyState
from tests.benchmarks.harness.machine import OthersLoad, Say, wait_until_idle
from tests.benchmarks.harness.results import RESULTS, Result, show, write_results
from tests.capacity.measure.figures import of_burst, of_load, of_mammograms, throughput
from tests.capacity.measure.load import Played, at_once, mammography, play, steady, ultrasound
from tests.capacity.measure.machine import OTHERS, described
from tests.capacity.measure.site import CapacitySite, capacity_site
from tests.faults.servers import SetUp
from tests.servers.process import end_well_on_sigterm

ENOUGH_PER_HOUR = 100_000.0
"""Studies per hour of which a burst takes its first ones."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Studies of each part. `shares` of the throughput are offered for `load_s`, or longer for `fewest`."""

    warm_up: int
    burst: int
    shares: tuple[float, ...]
    load_s: float
    fewest: int
    mammograms: int


FULL = Extent(warm_up=6, burst=60, shares=(0.3, 0.6, 0.85), load_s=75.0, fewest=20, mammograms=8)
QUICK = Extent(warm_up=1, burst=6, shares=(0.4, 0.8), load_s=1.0, fewest=2, mammograms=1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, show and write."""
    asked = _parser().parse_args(arguments)
    end_well_on_sigterm()
    console = Console(width=None if sys.stdout.isatty() else 160)
    extent = QUICK if asked.quick else FULL
    results: list[Result] = list(described())
    for set_up in [SetUp(asked.set_up)] if asked.set_up != "both" else [SetUp.EMBEDDED, SetUp.SERVERS]:
        if not asked.quick:
            wait_until_idle(console.log)
        load = OthersLoad()
        with capacity_site(set_up) as site:
            measured = list(_measure(site, extent, console.log))
        how = "a quick run of few studies" if asked.quick else ""
        results += [*measured, Result(f"{set_up}: {OTHERS}", load.share(), "of 1", how)]
    write_results(asked.results / "capacity.json", results)
    show(console, "the service under rising load", results)
    return 0


def _measure(site: CapacitySite, extent: Extent, say: Say) -> Iterator[Result]:
    name = str(site.set_up)
    say(f"{name}: warming up")
    many = ultrasound(ENOUGH_PER_HOUR)
    play(site, many, at_once(many, "warm-up", extent.warm_up))
    say(f"{name}: {extent.burst} studies at once")
    burst = play(site, many, at_once(many, "burst", extent.burst))
    _check(burst)
    rate = throughput(burst)
    how = f"{extent.burst} studies at once, worker on one core, {site.rest_cores} for all others"
    yield from of_burst(name, burst, how)
    for share in extent.shares:
        offered = ultrasound(rate * share)
        plan = steady(offered, share, extent.load_s, extent.fewest)
        say(f"{name}: {share:.0%} of {rate:.0f} studies per hour: {len(plan)} in {plan[-1].at_s:.0f} s")
        load = play(site, offered, plan)
        _check(load)
        how = f"Poisson arrivals for {plan[-1].at_s:.0f} s"
        yield Result(f"{name}: load {share:.2f}: offered", rate * share, "1/h", how)
        yield from of_load(f"{name}: load {share:.2f}", load, how)
    say(f"{name}: mammograms")
    unit = mammography()
    large = play(site, unit, at_once(unit, "mammograms", extent.mammograms))
    yield from of_mammograms(name, large, f"{large.images} mammograms, JPEG-LS, two associations")


def _check(played: Played) -> None:
    """Raises RuntimeError where something else was measured than the whole way."""
    wrong = [one for one in played.seen.values() if one.state is not StudyState.DELIVERED]
    if wrong or len(played.seen) < len(played.plan):
        states = sorted({one.state.value for one in wrong})
        raise RuntimeError(
            f"{len(wrong)} of {len(played.plan)} studies were not delivered ({', '.join(states)}), "
            f"{len(played.plan) - len(played.seen)} are unknown: look into the service's log"
        )
    if played.cost.counted["scored"] < played.images:
        counts = {name: int(count) for name, count in played.cost.counted.items() if not name.endswith("_s")}
        raise RuntimeError(f"not every image was scored: {counts} of {played.images}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench-capacity", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few studies, no waiting for an idle machine")
    parser.add_argument("--set-up", choices=[*SetUp, "both"], default="both")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the JSON file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
