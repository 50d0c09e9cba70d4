"""Show a person what the PACS got back."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from service.cli.demo.read_back import (
    ReturnedObject,
    reported_images,
    returned_objects,
    save_heatmap,
)
from service.cli.demo.watch import DemonstrationError
from service.study.model import Study
from service.study.state import StudyState


def show_results(console: Console, studies: Sequence[Study], folder: Path) -> None:
    """Print, for each study, its report and its objects, or why there is none; save heatmaps as PNG.

    Raises DemonstrationError when a delivered study's objects are not at the PACS.
    """
    for number, study in enumerate(studies, start=1):
        title = study.header.study_description or "no description"
        console.print(f"\n[bold]study {number}: {title}[/] ({study.instance_count} images)", highlight=False)
        if study.state is StudyState.NOT_ANALYSED:
            console.print(f"  {study.reason}", style="yellow", highlight=False, markup=False)
            continue
        console.print(f"  {study.state}: {study.reason}", highlight=False, markup=False)
        objects = returned_objects(folder / "pacs", study.study_instance_uid)
        if not any(one.is_report for one in objects) or all(one.is_report for one in objects):
            raise DemonstrationError("the PACS did not get both a Structured Report and a heatmap")
        console.print(_scores(objects))
        console.print(_objects(objects, folder))


def _scores(objects: Sequence[ReturnedObject]) -> Table:
    """What the Structured Report says, one row per image."""
    table = Table("side", "probability of cancer", "suggested category", title="what the report says")
    for one in objects:
        for image in reported_images(one.dataset) if one.is_report else ():
            table.add_row(image.side, f"{image.probability_percent:.1f} %", image.category)
    return table


def _objects(objects: Sequence[ReturnedObject], folder: Path) -> Table:
    """Every object and where it lies, heatmaps also as PNG."""
    table = Table("object", Column("where", overflow="fold"), title="what the PACS got")
    for one in objects:
        kind = "Comprehensive 3D SR" if one.is_report else "heatmap (secondary capture)"
        table.add_row(kind, _shown(one.path))
        if not one.is_report:
            picture = folder / f"heatmap-{one.dataset.InstanceNumber}.png"
            save_heatmap(one.dataset, picture)
            table.add_row("  the same as PNG", _shown(picture))
    return table


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
