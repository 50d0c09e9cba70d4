"""What a simulation has to say: counts, statuses, latencies."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.cli.simulate.follow import ENDED, Seen
from service.cli.simulate.tally import SentStudy, Tally
from service.study.state import StudyState

SHARES = (50, 90, 95, 99)
"""Percentiles that are told."""
_STEPS = (
    StudyState.ASSEMBLED,
    StudyState.QUEUED,
    StudyState.INFERRED,
    StudyState.REPORTED,
    StudyState.DELIVERED,
)


@dataclass(frozen=True, slots=True)
class Told:
    """A run: how it was asked for, and what came of it. `seen` is None where nobody was asked."""

    seed: str
    speed_up: float
    planned: int
    seconds: float
    tally: Tally
    seen: Mapping[str, Seen] | None


def document(run: Told) -> dict[str, Any]:
    """For `--json`."""
    tally, studies = run.tally, list(run.tally.studies.values())
    told: dict[str, Any] = {
        "seed": run.seed,
        "speed_up": run.speed_up,
        "seconds": round(run.seconds, 3),
        "studies": {"planned": run.planned, "sent": sum(one.kept > 0 for one in studies)},
        "images": {
            "acknowledged": tally.images_acknowledged,
            "repeated": tally.images_repeated,
            "refused": sum(tally.statuses.values()) - tally.images_acknowledged,
            "given_up": sum(one.given_up for one in studies),
        },
        "bytes": tally.sent_bytes,
        "associations": dict(sorted(tally.associations.items())),
        "statuses": {f"0x{status:04X}": count for status, count in sorted(tally.statuses.items())},
        "misbehaviour": dict(
            sorted(Counter(one.misbehaviour for one in studies if one.misbehaviour).items())
        ),
        "c_store_s": percentiles(tally.answers_s),
    }
    if run.seen is not None:
        told["results"] = _results(studies, run.seen)
    return told


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Percentiles by name (nearest rank), the largest value, the count; the count alone without values."""
    ordered = sorted(values)
    found: dict[str, float] = {"count": len(ordered)}
    if ordered:
        found |= {f"p{share}": ordered[-(-share * len(ordered) // 100) - 1] for share in SHARES}
        found["max"] = ordered[-1]
    return found


def result_seconds(studies: Sequence[SentStudy], seen: Mapping[str, Seen]) -> list[float]:
    """From the last acknowledged image to delivered, of each study that was delivered."""
    found = []
    for one in studies:
        if one.uid in seen and seen[one.uid].state is StudyState.DELIVERED:
            at = seen[one.uid].reached_at(StudyState.DELIVERED)
            found += [at - one.last_acknowledged_at] if at is not None else []
    return found


def step_seconds(studies: Sequence[SentStudy], seen: Mapping[str, Seen]) -> dict[str, list[float]]:
    """Seconds of each step of the way, by the state at its end; the first begins with the last image."""
    steps: dict[str, list[float]] = {state.value: [] for state in _STEPS}
    for one in studies:
        if one.uid not in seen or seen[one.uid].state is not StudyState.DELIVERED:
            continue
        before = one.last_acknowledged_at
        for state in _STEPS:
            if (at := seen[one.uid].reached_at(state)) is not None:
                steps[state.value].append(at - before)
                before = at
    return steps


def _results(studies: Sequence[SentStudy], seen: Mapping[str, Seen]) -> dict[str, Any]:
    ended = Counter(one.state.value for one in seen.values() if one.state in ENDED)
    return {
        "ended": dict(sorted(ended.items())),
        "not_ended": sum(one.kept > 0 for one in studies) - sum(ended.values()),
        "last_image_to_delivered_s": {
            "routine": percentiles(result_seconds([one for one in studies if not one.urgent], seen)),
            "urgent": percentiles(result_seconds([one for one in studies if one.urgent], seen)),
        },
        "steps_s": {state: percentiles(values) for state, values in step_seconds(studies, seen).items()},
    }
