"""STOW-RS beside the role `accept`: on a thread of its own, with the same receiver."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from service.accept.folder.file_receiver import FileReceiver
from service.accept.instance.receiver import InstanceReceiver
from service.config import Settings
from service.wiring.loops import start


@contextmanager
def open_web_intake(settings: Settings, receiver: InstanceReceiver, stop: threading.Event) -> Iterator[None]:
    """Take instances by HTTP, where that is enabled, until `stop` is set.

    At the end `stop` is set and requests in hand have ended. If the server fails, `stop` is set, too. Raises
    ConfigurationError where it cannot listen as configured.
    """
    accept = settings.accept
    if not accept.stow.enabled:
        yield
        return
    from service.accept.stow.server import StowServer  # loads a web framework

    server = StowServer(accept.stow, FileReceiver(receiver, accept.extra_sop_classes))
    thread = start("stow", partial(server.serve, stop), stop)
    try:
        yield
    finally:
        stop.set()
        thread.join()
