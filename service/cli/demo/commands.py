"""`preread demo`: one study through the whole service, and what came back."""

import signal
import sys
import threading
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

PHANTOM_SEED = 7


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(demo)


def demo(
    study: Annotated[
        Path | None, typer.Argument(help="A folder of DICOM files, or of PNG or JPEG images.", exists=True)
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where everything of the demo is kept.")] = Path("build/demo"),
) -> None:
    """Send a study through the whole service on this machine and show what the PACS gets back.

    Without STUDY: a speckle phantom with two lesions, and real ultrasound images that are not of a breast.
    """
    from service.cli.demo.pacs import DemoPacs
    from service.cli.demo.setup import configure, running_service
    from service.cli.demo.show import show_results
    from service.cli.demo.watch import send_and_wait

    console = Console()
    here = (folder / f"{datetime.now():%Y%m%d-%H%M%S}").resolve()
    here.mkdir(parents=True)
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))
    with ExitStack() as resources:
        with console.status("making the study"):
            files = _write(_load(study), here / "sent")
        pacs = resources.enter_context(DemoPacs(here / "pacs"))
        with console.status("starting the service: accept, infer, send, worklist"):
            configuration = configure(here, pacs.port, pacs.ae_title)
            settings = resources.enter_context(running_service(configuration, here / "service.log"))
        studies = send_and_wait(console, settings, files)
        show_results(console, studies, here)
        _stay(console, f"http://{settings.worklist.bind}:{settings.worklist.port}/")


def _load(path: Path | None) -> list[Any]:
    from service.cli.demo.phantom import phantom_study
    from service.cli.demo.samples import real_ultrasound
    from service.cli.demo.wrap import load_study

    if path is not None:
        return load_study(path)
    return [*phantom_study(PHANTOM_SEED, fresh=True), *real_ultrasound()]


def _write(datasets: list[Any], folder: Path) -> list[Path]:
    """The datasets as files, in the order in which they are sent."""
    folder.mkdir()
    paths = [folder / f"{number:04}.dcm" for number in range(1, len(datasets) + 1)]
    for dataset, path in zip(datasets, paths, strict=True):
        dataset.save_as(path, enforce_file_format=True)
    return paths


def _stay(console: Console, address: str) -> None:
    """With a terminal, keep the page up until Ctrl-C."""
    if not sys.stdout.isatty():
        console.print(f"the worklist was at {address}; without a terminal the demo ends here")
        return
    console.print(f"\nThe worklist: [bold link={address}]{address}[/]   (Ctrl-C ends the demo)")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        console.print("stopping")
