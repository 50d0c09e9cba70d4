"""`make faults`: the fault matrix, into build/results/faults.json and a table."""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.benchmarks.harness.results import RESULTS, write_results
from tests.benchmarks.harness.results import show as show_results
from tests.faults.matrix import Asked, UnknownFaultError, run_matrix
from tests.faults.outcome import Outcome, results
from tests.faults.plan import MIXED_EVERY
from tests.faults.servers import SetUp, started
from tests.faults.tables import document, line, show
from tests.servers.process import end_well_on_sigterm, temporary_folder

WIDTH = 160


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for. Exit status 1 where a target does not hold, 2 where it cannot be run."""
    asked = _parser().parse_args(arguments)
    end_well_on_sigterm()
    console = Console(width=None if sys.stdout.isatty() else WIDTH, stderr=asked.json)
    set_ups = list(SetUp) if asked.set_up == "both" else [SetUp(asked.set_up)]
    outcomes: list[Outcome] = []
    try:
        for number, set_up in enumerate(set_ups):
            share = asked.faults // len(set_ups) + (number < asked.faults % len(set_ups))
            _run(set_up, share, asked, console, outcomes)
    except UnknownFaultError as error:
        console.print(str(error))
        return 2
    except KeyboardInterrupt:
        console.print("interrupted: what follows is of the rounds that were played")
    if not outcomes:
        return 2
    how = f"seed {asked.seed}, {', '.join(set_ups)}, {asked.studies} studies to a round"
    totals = results(outcomes, asked.faults, how)
    write_results(asked.results / "faults.json", totals)
    if asked.json:
        print(json.dumps(document(outcomes), indent=1))
    else:
        for one in outcomes:
            if not one.is_good:
                console.print(line(one), highlight=False)
        show(console, outcomes)
        show_results(console, "the targets", totals)
    return 1 if any(one.holds is False for one in totals) else 0


def _run(
    set_up: SetUp, faults: int, asked: argparse.Namespace, console: Console, outcomes: list[Outcome]
) -> None:
    """Adds each outcome to `outcomes` as soon as it is there."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        temporary_folder("faults") as folder,
        Progress(*columns, console=console, disable=not console.is_terminal) as progress,
        started(set_up) as servers,
    ):
        bar = progress.add_task(f"faults, {set_up}", total=faults)

        def ended(outcome: Outcome) -> None:
            outcomes.append(outcome)
            progress.advance(bar, len(outcome.round.faults))
            console.print(line(outcome), highlight=False)

        wanted = Asked(faults, asked.studies, asked.seed, asked.only or (), asked.limit, asked.mixed_every)
        try:
            run_matrix(set_up, servers, folder, wanted, console.print, ended)
        finally:
            asked.results.mkdir(parents=True, exist_ok=True)
            log = shutil.copy(folder / "preread.log", asked.results / f"faults-{set_up}.log")
            console.print(f"the service's log: {log}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("--set-up", choices=[*SetUp, "both"], default="both")
    parser.add_argument("--faults", type=int, default=200, help="how many in all; default 200")
    parser.add_argument("--studies", type=int, default=4, help="studies to a round; default 4")
    parser.add_argument("--seed", default="1", help="the same seed gives the same faults; default 1")
    parser.add_argument("--only", nargs="+", metavar="NAME", help='names of faults, such as "infer killed"')
    parser.add_argument(
        "--mixed-every", type=int, default=MIXED_EVERY, help="each so manieth round has two faults; default 5"
    )
    parser.add_argument("--limit", type=float, default=120.0, help="longest wait for recovery in s")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the JSON file and logs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
