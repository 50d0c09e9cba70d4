"""Of the frames of an image, those whose heatmaps are kept: the most suspicious ones."""

from collections.abc import Iterator
from typing import Generic, TypeVar

from service.infer.port import Score

Frame = TypeVar("Frame")


class Hottest(Generic[Frame]):
    """Takes scores one after the other, and holds at most `at_most` of them: each has arrays of its own.

    `probabilities`: the highest one of each frame, whether it is held or not, by its number.
    """

    def __init__(self, at_most: int) -> None:
        """`at_most` is 1 or more."""
        self._at_most = at_most
        self._held: dict[int | None, tuple[Frame, Score]] = {}
        self.probabilities: dict[int | None, float] = {}

    def add(self, number: int | None, frame: Frame, score: Score) -> None:
        """Take the score of a frame; one frame may have several, of which the highest counts, the first of
        equals.
        """
        before = self.probabilities.get(number)
        if before is not None and score.probability <= before:
            return
        self.probabilities[number] = float(score.probability)
        self._held[number] = frame, score
        if len(self._held) > self._at_most:
            coldest = min(reversed(self._held), key=self.probabilities.__getitem__)
            del self._held[coldest]

    def best(self) -> tuple[Frame, Score]:
        """The highest one, the first of equals. Raises ValueError where none was taken."""
        return max(self._held.values(), key=lambda held: held[1].probability)

    def __iter__(self) -> Iterator[tuple[int, Frame, Score]]:
        """What is held of numbered frames, by number."""
        numbered = {number: held for number, held in self._held.items() if number is not None}
        return ((number, *held) for number, held in sorted(numbered.items(), key=lambda item: item[0]))

    def __bool__(self) -> bool:
        return bool(self._held)
