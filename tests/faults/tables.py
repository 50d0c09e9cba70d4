"""What a run prints: a line for each round as it ends, and a table of all faults at its end."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.faults.outcome import Outcome, Row, row, rows
from tests.faults.verdict import Verdict

HEADINGS = (
    "set-up",
    "fault",
    "rounds",
    "sent",
    "acknowledged",
    "once",
    "twice",
    "lost",
    "stuck",
    "manual",
    "recovery: median",
    "worst (s)",
)
TEXT_COLUMNS = 2


def line(outcome: Outcome) -> str:
    """One round in one line, and one more for each study that is not as it should be."""
    once, sent = outcome.count(Verdict.ONCE), len(outcome.judgements)
    head = (
        f"{outcome.set_up} {outcome.round.number}: {outcome.round.name}: "
        f"{once} of {sent} delivered once, {outcome.recovery_s:.1f} s"
    )
    return "\n".join([head, *_complaints(outcome)])


def show(console: Console, outcomes: Sequence[Outcome]) -> None:
    """All faults, and what they make together."""
    table = Table(title="faults", title_justify="left")
    for number, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="left" if number < TEXT_COLUMNS else "right", overflow="fold")
    for one in rows(outcomes):
        table.add_row(*_cells(one), style=None if one.is_good else "bold red")
    table.add_section()
    table.add_row(*_cells(row("", "all", outcomes)))
    console.print(table)


def document(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The same as JSON types, with the story of each study that is not as it should be."""
    return {
        "faults": [asdict(one) for one in rows(outcomes)],
        "all": asdict(row("", "all", outcomes)),
        "complaints": [
            {"set_up": outcome.set_up, "round": asdict(outcome.round), "study": uid, **asdict(judgement)}
            | {"story": outcome.stories.get(uid, [])}
            for outcome in outcomes
            for uid, judgement in outcome.judgements.items()
            if judgement.verdict is not Verdict.ONCE
        ],
    }


def _complaints(outcome: Outcome) -> Iterator[str]:
    if outcome.restarts:
        yield "    the whole service had ended and was started by hand"
    if outcome.dead_letters:
        yield f"    {outcome.dead_letters} dead letters at the end of the run"
    for uid, judgement in outcome.judgements.items():
        if judgement.verdict is not Verdict.ONCE:
            yield f"    {judgement.verdict} {uid}: {judgement.why}"


def _cells(one: Row) -> list[str]:
    return [f"{value:.1f}" if isinstance(value, float) else str(value) for value in asdict(one).values()]
