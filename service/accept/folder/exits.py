"""Where files go that the watched folder is done with: into `done` or `failed` beside the others, or away."""

import json
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Literal

from service.accept.folder.file_outcome import FileOutcome

DONE, FAILED = "done", "failed"
REASON = ".reason.json"


class FolderExits:
    """The two folders. They are in the watched one, so that a file moves within one file system."""

    def __init__(self, folder: Path, after: Literal["move", "delete"]) -> None:
        self._folder = folder
        self._after = after
        self.folders = frozenset({folder / DONE, folder / FAILED})

    def put_away(self, path: Path, outcome: FileOutcome) -> None:
        """Have the file out of the way. Raises OSError."""
        if not outcome.is_kept:
            target = self._move(path, FAILED)
            target.with_name(target.name + REASON).write_text(_reason(outcome))
        elif self._after == "move":
            self._move(path, DONE)
        else:
            path.unlink()

    def _move(self, path: Path, exit_folder: str) -> Path:
        target = _free(self._folder / exit_folder / path.relative_to(self._folder))
        target.parent.mkdir(parents=True, exist_ok=True)
        return path.rename(target)


def _free(path: Path) -> Path:
    """`path`, or with a number where something has that name."""
    candidates = (path.with_name(f"{path.name}.{number}") if number else path for number in count())
    return next(candidate for candidate in candidates if not candidate.exists())


def _reason(outcome: FileOutcome) -> str:
    reason = {
        "at": datetime.now(UTC).isoformat(),
        "status": f"0x{outcome.status:04X}",
        "error": type(outcome.error).__name__,
        "reason": str(outcome.error),
    }
    return json.dumps(reason, indent=2) + "\n"
