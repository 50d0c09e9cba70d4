"""Which faults are brought in, in which order: drawn from a seed, each kind as often as the others."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

MIXED_EVERY = 5
"""Each so manieth round has two faults at once."""


@dataclass(frozen=True, slots=True)
class Round:
    """One or two faults that are there at the same time."""

    number: int
    faults: tuple[str, ...]
    seed: str

    @property
    def name(self) -> str:
        """As tables say it."""
        return " + ".join(self.faults) or "no fault"


def plan(parts: Mapping[str, str], faults: int, seed: str, mixed_every: int = MIXED_EVERY) -> list[Round]:
    """Rounds with at least so many `faults` in all. `parts`: the part that each fault breaks, by name."""
    rng = random.Random(seed)
    deck = _deck(sorted(parts), rng)
    rounds: list[Round] = []
    while sum(len(one.faults) for one in rounds) < faults:
        number = len(rounds) + 1
        chosen = [next(deck)]
        if number % mixed_every == 0 and (others := _beside(parts, chosen[0])):
            chosen.append(rng.choice(others))
        rounds.append(Round(number, tuple(chosen), f"{seed}/{number}"))
    return rounds


def _beside(parts: Mapping[str, str], name: str) -> list[str]:
    return [other for other in sorted(parts) if parts[other] != parts[name]]


def _deck(names: Sequence[str], rng: random.Random) -> Iterator[str]:
    """All names in some order, again and again."""
    if not names:
        raise ValueError("there is no fault to choose from")
    while True:
        yield from rng.sample(names, len(names))
