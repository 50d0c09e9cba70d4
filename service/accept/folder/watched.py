"""The watched folder: DICOM files that are put there are received, then moved away or deleted."""

import os
import threading
import time
from collections.abc import Callable
from io import FileIO
from pathlib import Path

import structlog

from service.accept.folder.exits import FolderExits
from service.accept.folder.file_outcome import FileOutcome
from service.accept.folder.file_receiver import FileReceiver, IncomingFile
from service.accept.folder.scan import FolderScan, Stamp
from service.config.watched_folder import WatchedFolderSettings
from service.errors import Retryable

log = structlog.get_logger()

PIECE_BYTES = 1024 * 1024
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Not a link that has just taken the file's place, and without waiting for the other end of a pipe."""


class WatchedFolder:
    """Watches `folder`; `turn` is to be called again and again. Ends a turn early once `stop` is set."""

    def __init__(
        self,
        folder: Path,
        settings: WatchedFolderSettings,
        files: FileReceiver,
        stop: threading.Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._ae_title = settings.ae_title
        self._files = files
        self._stop = stop
        self._sending = files.sending()
        self._exits = FolderExits(folder, settings.after)
        self._scan = FolderScan(folder, self._exits.folders, settings.recursive, settings.settle_s, clock)
        self._piece = bytearray(PIECE_BYTES)
        self._outcomes: dict[tuple[Path, Stamp], FileOutcome] = {}
        """Of files that could not be moved away: they are not received a second time."""
        self._troubles: dict[tuple[Path, Stamp], str] = {}
        """What has been logged of files that are still there."""

    def turn(self) -> None:
        """Receive the files that are whole.

        Raises Retryable where nothing can be received at the moment, or the folder is not there; the files
        stay. A file that cannot be read or moved stays, too, and the others go on.
        """
        if not self._folder.is_dir():
            raise Retryable(
                f"the watched folder {self._folder} is not there: make it or mount it, or set "
                "accept.watched_folder.path"
            )
        whole = self._scan.whole()
        here = set(whole)
        self._outcomes = {key: outcome for key, outcome in self._outcomes.items() if key in here}
        self._troubles = {key: trouble for key, trouble in self._troubles.items() if key in here}
        for path, stamp in whole:
            if self._stop.is_set():
                return
            self._take(path, stamp)
        if self._scan.is_quiet:  # nobody is about to bring more
            self._sending.released()
            self._sending.ended()
            self._sending = self._files.sending()

    def _take(self, path: Path, stamp: Stamp) -> None:
        try:
            outcome = self._outcomes.get((path, stamp)) or self._receive(path, stamp)
            if outcome is None or Stamp.of(path.lstat()) != stamp:
                return  # it is being changed; the next turns will tell
            self._outcomes[path, stamp] = outcome
            self._exits.put_away(path, outcome)
            del self._outcomes[path, stamp]
        except FileNotFoundError:
            return  # somebody has taken it away
        except OSError as error:
            self._say(path, stamp, error.strerror or type(error).__name__)

    def _receive(self, path: Path, stamp: Stamp) -> FileOutcome | None:
        """None for a file that has changed meanwhile. Raises OSError, Retryable."""
        incoming = self._files.begin(self._sending, self._ae_title)
        try:
            with FileIO(os.open(path, _OPEN)) as file:
                if not self._read(file, stamp, incoming):
                    return None
            outcome = incoming.finish()
        finally:
            incoming.abort()
        if isinstance(outcome.error, Retryable):
            raise outcome.error
        return outcome

    def _read(self, file: FileIO, stamp: Stamp, incoming: IncomingFile) -> bool:
        """Whether the file was all the time the one that was seen."""
        if Stamp.of(os.fstat(file.fileno())) != stamp:
            return False
        piece = memoryview(self._piece)
        while not incoming.has_failed and (size_bytes := file.readinto(piece)):
            incoming.write(piece[:size_bytes])
        return Stamp.of(os.fstat(file.fileno())) == stamp

    def _say(self, path: Path, stamp: Stamp, trouble: str) -> None:
        """Once per file and trouble, and without the file's name, which may be a patient's."""
        if self._troubles.get((path, stamp)) != trouble:
            self._troubles[path, stamp] = trouble
            log.warning(
                "a file stays in the watched folder: see who may read, move and delete there",
                folder=str(self._folder),
                reason=trouble,
            )
