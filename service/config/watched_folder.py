"""Settings of the watched folder: instances that come as files."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from service.config.types import AETitle, Seconds, Section


class WatchedFolderSettings(Section):
    """A folder that DICOM files are put into. One process watches it."""

    path: Path | None = None
    """The folder. Empty: none is watched. Hidden files and symbolic links in it are left alone."""
    recursive: bool = True
    """Whether folders below it are watched, too."""
    poll_interval_s: Seconds = 1.0
    """How often it is looked through."""
    settle_s: Annotated[float, Field(ge=0)] = 2.0
    """Seconds that size and time of a file must not change before it is read. A file that is written as
    `name.part` and then renamed to `name` is read at once."""
    after: Literal["move", "delete"] = "move"
    """What becomes of a file once its instance is kept: moved to `done` in the folder, or deleted. One that
    is not kept is moved to `failed` with a file that says why."""
    ae_title: AETitle = "FOLDER"
    """Calling AE title of its instances."""
