"""Where instances lie that are on their way from a PACS."""

import fcntl
import os
import uuid
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from service.fetch.spooled import SpooledInstance, no_room

_LOCK = ".lock"


class Spool:
    """A folder for the instances that are on their way. A context manager; one thread at a time uses it.

    Several processes may have one folder. What a process leaves there that is killed is removed by the next
    one that finds no other at work. `max_instance_bytes` bounds a dataset.
    """

    def __init__(self, folder: Path, max_instance_bytes: int) -> None:
        self._folder = folder
        self._max_instance_bytes = max_instance_bytes
        self._lock: int | None = None
        self._begun: list[SpooledInstance] = []

    def __enter__(self) -> Self:
        """Raises OutOfSpace where the folder cannot be had."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            with suppress(BlockingIOError):  # another process is at work here
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._remove_left_overs()
            fcntl.flock(self._lock, fcntl.LOCK_SH)
        except OSError as error:
            raise no_room(self._folder, error) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Have nothing left of what did not come to its end."""
        for instance in self._begun:
            instance.remove()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def begin(self, sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> SpooledInstance:
        """A file for one instance, which is removed with the others at the latest. Raises nothing."""
        instance = SpooledInstance(
            self._folder / f"{uuid.uuid4()}.dcm",
            self._max_instance_bytes,
            sop_class_uid,
            sop_instance_uid,
            transfer_syntax_uid,
        )
        self._begun = [*(one for one in self._begun if not one.is_removed), instance]
        return instance

    def _remove_left_overs(self) -> None:
        for path in self._folder.glob("*.dcm"):
            path.unlink(missing_ok=True)
