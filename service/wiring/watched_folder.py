"""The watched folder beside the role `accept`: on a thread of its own, with the same receiver."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.accept.folder.file_receiver import FileReceiver
from service.accept.folder.watched import WatchedFolder
from service.accept.instance.receiver import InstanceReceiver
from service.config import Settings
from service.errors import ConfigurationError
from service.wiring.loops import start_repeating


@contextmanager
def open_watched_folder(
    settings: Settings, receiver: InstanceReceiver, stop: threading.Event
) -> Iterator[None]:
    """Receive the files of the folder that is set, if one is, until `stop` is set.

    At the end `stop` is set and the file in hand is done. If the thread fails, `stop` is set, too. Raises
    ConfigurationError where the folder is not for it alone.
    """
    watched = settings.accept.watched_folder
    if watched.path is None:
        yield
        return
    for own in (settings.data_folder, settings.accept.journal_folder):
        if own is not None:
            _check_apart(watched.path, own)
    files = FileReceiver(receiver, settings.accept.extra_sop_classes)
    folder = WatchedFolder(watched.path, watched, files, stop)
    thread = start_repeating("watch", folder.turn, watched.poll_interval_s, stop)
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _check_apart(watched: Path, own: Path) -> None:
    """The files of the service itself must not be taken for new ones, and moved away."""
    watched, own = watched.resolve(), own.resolve()
    if watched.is_relative_to(own) or own.is_relative_to(watched):
        raise ConfigurationError(
            f"accept.watched_folder.path ({watched}) and {own}, where the service keeps its own files, are "
            "one within the other: choose a folder of its own"
        )
