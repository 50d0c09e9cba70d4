"""The frames of one image on their way through the network, and the hottest of those that came back."""

import math
from collections import deque
from dataclasses import dataclass

from service.errors import NotAnalysable, Unfamiliar
from service.infer.hottest import Hottest
from service.infer.port import PendingScore
from service.study.result import AnalysedRegion, CompanionImage

IN_FLIGHT = 64
"""Frames of one image that are in the network or behind it at one time: as many as its largest batch."""


@dataclass(frozen=True, slots=True, eq=False)
class Submitted:
    """A frame on its way through the network, perhaps with a companion; its pixels are there already."""

    number: int | None
    region: AnalysedRegion
    companion: CompanionImage | None
    pending: PendingScore


class Scoring:
    """Takes the frames of one image in their order. Few of them are in memory, however many there are."""

    def __init__(self, frame_heatmaps: int) -> None:
        """`frame_heatmaps`: as in Reading."""
        self.frames = 0
        """How many were taken."""
        self._pending: deque[Submitted] = deque()
        self._unfamiliar: Unfamiliar | None = None
        self._hottest = Hottest[Submitted](frame_heatmaps)

    def add(self, frame: Submitted) -> None:
        """Take a frame; where too many are in flight, wait for the first of them. Raises as `result`."""
        self._pending.append(frame)
        self.frames += 1
        if len(self._pending) > IN_FLIGHT:
            self._take()

    def result(self) -> Hottest[Submitted]:
        """Wait for all of them, once. Raises NotAnalysable when the network gave no number for one of the
        frames, or knows none of them, and EngineLost.

        Unfamiliar frames of a cine are passed over: before the probe touches the skin there is nothing to
        read.
        """
        while self._pending:
            self._take()
        if not self._hottest and self._unfamiliar is not None:
            raise self._unfamiliar
        return self._hottest

    def _take(self) -> None:
        frame = self._pending.popleft()  # what it holds goes with it, unless it is one of the hottest
        try:
            score = frame.pending.result()
        except Unfamiliar as reason:
            self._unfamiliar = self._unfamiliar or reason
            return
        if not math.isfinite(score.probability):
            raise NotAnalysable("the classifier gave no number for this image")
        self._hottest.add(frame.number, frame, score)
