"""The outline of the hot region of a heatmap: half of the maximum, connected to it."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from service.infer.simplify import simplify
from service.study.result import Point

MAX_POINTS = 64
"""Points of an outline, the repeated first one included: enough for the eye, little for the report."""
_FLAT = 1e-6

Mask = NDArray[np.bool_]
Run = tuple[int, int, int]
"""Row, first column, column after the last."""


def outline(heatmap: NDArray[np.float32]) -> tuple[Point, ...]:
    """The closed polygon round the hot region of `heatmap` (rows, columns), as (column, row).

    Empty where the heatmap is flat or has values that are no numbers.

    The hot region is where the heatmap is at least half of its maximum, and connected (4-neighbours) to the
    place of the maximum. Points lie on pixel corners: pixel (row r, column c) spans c..c+1 and r..r+1, so
    they lie in 0..columns and 0..rows. The first point is repeated as the last; at most MAX_POINTS. Holes
    are not outlined.
    """
    if heatmap.size == 0 or not heatmap.max() > 0 or np.ptp(heatmap) < _FLAT:
        return ()
    row, column = np.unravel_index(int(np.argmax(heatmap)), heatmap.shape)
    region = connected_region(heatmap >= heatmap.max() / 2, int(row), int(column))
    return tuple(simplify(boundary(region), MAX_POINTS))


def connected_region(mask: Mask, row: int, column: int) -> Mask:
    """The part of `mask` (rows, columns) 4-connected to its pixel (row, column), filled run by run."""
    runs = _runs(mask)
    region = np.zeros_like(mask)
    start, end = next(run for run in runs[row] if run[0] <= column < run[1])
    region[row, start:end] = True
    waiting = deque([(row, start, end)])
    while waiting:
        for next_row, first, last in _touching(runs, waiting.popleft()):
            if not region[next_row, first]:
                region[next_row, first:last] = True
                waiting.append((next_row, first, last))
    return region


def boundary(region: Mask) -> list[Point]:
    """The closed outer boundary of a 4-connected region along pixel edges, its corners as (column, row).

    Walks with the region on the right hand, from the first pixel of the first row. Where two pixels touch by
    a corner only it turns right, so that it stays with a pixel's own edge and does not cross itself.
    """
    width = region.shape[1] + 2
    pixels = _bordered(region).tobytes()  # bytes: one pixel of an array takes ten times as long to look up
    step = (1, width, -1, -width)  # to the right, down, left, up: each is a right turn from the one before
    right_hand = (width + 1, width, 0, 1)  # from a corner to the pixel ahead on the right
    row, column = divmod(int(np.argmax(region)), region.shape[1])
    start = at = row * width + column
    heading = 0
    corners = [start]
    while (at := at + step[heading]) != start:
        if not pixels[at + right_hand[heading]]:
            heading = (heading + 1) % 4
        elif pixels[at + right_hand[heading - 1]]:  # on the left hand
            heading = (heading - 1) % 4
        else:
            continue
        corners.append(at)
    return [(float(at % width), float(at // width)) for at in [*corners, start]]


def _runs(mask: Mask) -> list[list[tuple[int, int]]]:
    """For each row, first column and column after the last of every run of true pixels."""
    pixels = _bordered(mask).ravel()  # the border keeps the runs of neighbouring rows apart
    changes = np.flatnonzero(pixels[1:] != pixels[:-1])
    rows, columns = (part.tolist() for part in np.divmod(changes, mask.shape[1] + 2))
    runs: list[list[tuple[int, int]]] = [[] for _ in mask]
    for row, start, end in zip(rows[::2], columns[::2], columns[1::2], strict=True):
        runs[row - 1].append((start, end))
    return runs


def _bordered(mask: Mask) -> Mask:
    """`mask` with one false pixel all round. numpy.pad takes ten times as long."""
    bordered = np.zeros(np.add(mask.shape, 2), np.bool_)
    bordered[1:-1, 1:-1] = mask
    return bordered


def _touching(runs: list[list[tuple[int, int]]], run: Run) -> list[Run]:
    """The runs in the rows above and below that share a column with `run`."""
    row, start, end = run
    return [
        (near, first, last)
        for near in (row - 1, row + 1)
        if 0 <= near < len(runs)
        for first, last in runs[near]
        if first < end and last > start
    ]
