"""What would run on a study, for `preread route explain`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from service.study.model import Priority

if TYPE_CHECKING:
    from service.enqueue.routing import Route
    from service.storage.ledger.tables.promotions import Promotion


@dataclass(frozen=True, slots=True)
class Running:
    """`classifiers` with the destinations of their results, `shadows` without any. `promotions`: the words on
    those that made it so; None where the ledger could not be asked.
    """

    classifiers: Mapping[str, tuple[str, ...]]
    shadows: tuple[str, ...]
    priority: Priority
    promotions: tuple[str, ...] | None

    def told(self) -> Iterator[str]:
        """In lines for a person; none where nothing would run."""
        for classifier, destinations in self.classifiers.items():
            yield f"{self.priority}: {classifier} runs, results to {', '.join(destinations) or 'nobody'}"
        if self.shadows:
            yield f"in the shadow: {', '.join(self.shadows)}"
        yield from self.promotions or ()


def running_of(found: "Route", promotions: Sequence["Promotion"] | None) -> Running:
    """`found` is the route by the rules as all `promotions` have left them."""
    last = {one.promoted: one for one in promotions or ()}
    told = tuple(last[name].told() for name in found.classifiers if name in last)
    return Running(
        dict(found.classifiers), found.shadows, found.priority, None if promotions is None else told
    )
