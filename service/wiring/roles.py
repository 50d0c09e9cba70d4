"""The roles by name, to be played within what observes them."""

import threading
from collections.abc import Callable

from service.config import Settings
from service.config.metrics import Role
from service.wiring.accept import run_accept
from service.wiring.infer import run_infer
from service.wiring.observe import observed
from service.wiring.send import run_send
from service.wiring.traces import traced
from service.wiring.worklist import run_worklist

PLAYS: dict[Role, Callable[[Settings, threading.Event], None]] = {
    "accept": run_accept,
    "infer": run_infer,
    "send": run_send,
    "worklist": run_worklist,
}


def play(name: Role, settings: Settings, stop: threading.Event) -> None:
    """Do the work of a role until `stop` is set; raises what the role raises."""
    with traced(settings, name), observed(settings, name, stop):
        PLAYS[name](settings, stop)
