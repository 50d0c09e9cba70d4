"""A bar for each plan that is built and each engine that is verified."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

OnShare = Callable[[str, float], None]
"""Takes what is being done and the share of the whole that is done, 0 to 1."""


@contextmanager
def progress_bars() -> Iterator[Callable[[str], OnShare]]:
    """Gives a function that adds a bar with this title and returns what moves it. On standard error."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[phase]}"), console=Console(stderr=True)) as progress:

        def add(title: str) -> OnShare:
            task = progress.add_task(title, total=1.0, phase="")
            return lambda phase, share: progress.update(task, completed=share, phase=phase)

        yield add


def counted(on_share: OnShare) -> Callable[[int, int], None]:
    """The same bar, moved by images done of images in all."""
    return lambda done, total: on_share(f"{done} of {total} images", done / total)
