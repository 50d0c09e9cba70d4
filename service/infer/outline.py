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
    """The closed polygon round the hot region of `heatmap` (rows, columns), as (column, row); empty if flat.

    The hot region is where the heatmap is at least half of its maximum, and connected (4-neighbours) to the
    place of the maximum. Points lie on pixel corners: pixel (row r, column c) spans c..c+1 and r..r+1, so
    they lie in 0..columns and 0..rows. The first point is repeated as the last; at most MAX_POINTS. Holes
    are not outlined.
    """
    values = np.nan_to_num(heatmap)
    if values.size == 0 or values.max() <= 0 or np.ptp(values) < _FLAT:
        return ()
    row, column = np.unravel_index(int(np.argmax(values)), values.shape)
    region = connected_region(values >= values.max() / 2, int(row), int(column))
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
    padded = np.pad(region, 1)
    start = tuple(np.argwhere(region)[0].tolist())
    (row, column), (d_row, d_column) = start, (0, 1)
    corners: list[Point] = [(float(column), float(row))]
    while (row + d_row, column + d_column) != start:
        row, column = row + d_row, column + d_column
        turn = _turn(padded, row, column, d_row, d_column)
        if turn:
            corners.append((float(column), float(row)))
            d_row, d_column = turn * d_column, -turn * d_row
    return [*corners, corners[0]]


def _turn(padded: Mask, row: int, column: int, d_row: int, d_column: int) -> int:
    """Where to go at the upper left corner of pixel (row, column): 1 right, -1 left, 0 straight on.

    `padded` is the region with one pixel of border.
    """
    right = padded[row + (d_row + d_column + 1) // 2, column + (d_column - d_row + 1) // 2]
    left = padded[row + (d_row - d_column + 1) // 2, column + (d_column + d_row + 1) // 2]
    if not right:
        return 1
    return -1 if left else 0


def _runs(mask: Mask) -> list[list[tuple[int, int]]]:
    """For each row, first column and column after the last of every run of true pixels."""
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]
    runs: list[list[tuple[int, int]]] = [[] for _ in mask]
    for row, start, end in zip(rows.tolist(), starts.tolist(), ends.tolist(), strict=True):
        runs[row].append((start, end))
    return runs


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
