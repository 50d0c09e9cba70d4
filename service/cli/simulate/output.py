"""What a simulation shows while it runs, and at its end."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from service.cli.simulate.plan import PlannedStudy
from service.cli.simulate.report import percentiles
from service.cli.simulate.tally import Tally

_LATEST = 500
"""Answers that the live percentile is of."""
_MB = 1e6


class Show(Protocol):
    """Tells of a number that grows."""

    def __call__(self, done: int, text: str = "") -> None:
        """So much is done, and what is to be said of it."""
        ...


@contextmanager
def bar(console: Console, what: str, total: int, hidden: bool) -> Iterator[Show]:
    """A bar with a text behind it, until the end of the block."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[text]}"), console=console, disable=hidden) as progress:
        task = progress.add_task(what, total=total, text="")

        def show(done: int, text: str = "") -> None:
            progress.update(task, completed=done, text=text)

        yield show


def live(tally: Tally) -> str:
    """One line about now."""
    answers = percentiles(tally.answers_s[-_LATEST:])
    refused = sum(tally.statuses.values()) - tally.images_acknowledged
    slow = f", 95 % within {answers['p95'] * 1e3:.1f} ms" if "p95" in answers else ""
    rejected = tally.associations["rejected"]
    return f"{tally.images_acknowledged} images, {refused} refused, {rejected} associations rejected{slow}"


def show_plan(console: Console, plan: Sequence[PlannedStudy]) -> None:
    """What would be sent, scanner by scanner."""
    table = Table("scanner", "AE title", "studies", "images", "urgent", "misbehave")
    by_station: dict[tuple[str, str], list[PlannedStudy]] = {}
    for one in plan:
        by_station.setdefault((one.station.kind.name, one.station.ae_title), []).append(one)
    for (name, ae_title), studies in sorted(by_station.items()):
        counts = (
            len(studies),
            sum(one.images for one in studies),
            sum(one.urgent for one in studies),
            sum(bool(one.misbehaviour) for one in studies),
        )
        table.add_row(name, ae_title, *map(str, counts))
    console.print(table)


def show_report(console: Console, told: dict[str, Any]) -> None:
    """What became of it."""
    table = Table(show_header=False)
    images, studies = told["images"], told["studies"]
    table.add_row("seed", told["seed"])
    table.add_row("studies", f"{studies['sent']} of {studies['planned']} sent in {told['seconds']:.0f} s")
    table.add_row(
        "images",
        f"{images['acknowledged']} acknowledged ({images['repeated']} of them again), "
        f"{images['refused']} refused, "
        f"{images['given_up']} given up; {told['bytes'] / _MB:.0f} MB",
    )
    table.add_row("statuses", _counts(told["statuses"]))
    table.add_row("associations", _counts(told["associations"]))
    table.add_row("misbehaviour", _counts(told["misbehaviour"]))
    table.add_row("C-STORE answers", _seconds(told["c_store_s"], 1e3, "ms"))
    for priority, values in told.get("results", {}).get("last_image_to_delivered_s", {}).items():
        table.add_row(f"last image to delivered, {priority}", _seconds(values, 1.0, "s"))
    if "results" in told:
        table.add_row("ended", f"{_counts(told['results']['ended'])}; {told['results']['not_ended']} not yet")
    console.print(table)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"


def _seconds(values: dict[str, float], scale: float, unit: str) -> str:
    if not values["count"]:
        return "none"
    shares = [f"{name} {value * scale:.3g}" for name, value in values.items() if name != "count"]
    return f"{', '.join(shares)} {unit} (of {values['count']:.0f})"
