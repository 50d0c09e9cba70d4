"""`preread run`, `accept`, `infer`, `send`, `worklist`: the service and its roles."""

import os
import sys
import threading
from collections.abc import Callable
from typing import Annotated

import structlog
import typer

from service.cli.drain import limit_drain
from service.cli.signals import stop_on_signals
from service.cli.supervise import supervise
from service.config import Settings
from service.config.load import load_settings
from service.config.metrics import ROLES, Role
from service.errors import LedgerUnavailable
from service.telemetry.logs import configure_logs

log = structlog.get_logger()

Play = Callable[[Settings, threading.Event], None]
StopWithParent = Annotated[bool, typer.Option("--stop-with-parent", hidden=True)]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(run)
    app.command()(accept)
    app.command()(infer)
    app.command()(send)
    app.command()(worklist)


def run(context: typer.Context) -> None:
    """Run everything on this machine: accept, infer, send and worklist, each in a process of its own."""
    settings = _prepare(context)
    from service.wiring.adapters import open_ledger
    from service.wiring.check import check

    check(settings)
    try:
        open_ledger(settings).close()
    except LedgerUnavailable as error:
        # Receiving begins without it; the other roles are started again until it is back.
        log.error("the ledger is away", reason=str(error))
    raise typer.Exit(supervise(ROLES, context.obj, stop_on_signals(), settings.drain_s))


def accept(context: typer.Context, stop_with_parent: StopWithParent = False) -> None:
    """Receive studies by C-STORE, assemble and enqueue them."""
    settings = _prepare(context)
    from service.wiring.accept import run_accept

    _play("accept", run_accept, settings, stop_with_parent)


def infer(context: typer.Context, stop_with_parent: StopWithParent = False) -> None:
    """Run classifiers on queued studies."""
    settings = _prepare(context)
    from service.wiring.infer import run_infer

    _play("infer", run_infer, settings, stop_with_parent)


def send(context: typer.Context, stop_with_parent: StopWithParent = False) -> None:
    """Write result objects and send them to their destinations."""
    settings = _prepare(context)
    from service.wiring.send import run_send

    _play("send", run_send, settings, stop_with_parent)


def worklist(context: typer.Context, stop_with_parent: StopWithParent = False) -> None:
    """Serve the worklist page."""
    settings = _prepare(context)
    from service.wiring.worklist import run_worklist

    _play("worklist", run_worklist, settings, stop_with_parent)


def _prepare(context: typer.Context) -> Settings:
    settings = load_settings(context.obj)
    configure_logs(settings.log_format, settings.log_uids)
    return settings


def _play(name: Role, play: Play, settings: Settings, stop_with_parent: bool) -> None:
    from service.wiring.observe import observed
    from service.wiring.traces import traced

    stop = stop_on_signals()
    if stop_with_parent:
        threading.Thread(target=_stop_at_end_of_input, args=(stop,), daemon=True).start()
    limit_drain(stop, settings.drain_s)
    with traced(settings, name), observed(settings, name, stop):
        play(settings, stop)


def _stop_at_end_of_input(stop: threading.Event) -> None:
    """The supervisor holds our standard input open: its end means that the supervisor is gone."""
    # Past Python's own buffer: its lock, held by this thread, would abort a role that ends by itself.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    stop.set()
