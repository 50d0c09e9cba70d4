"""`preread run`, `accept`, `infer`, `send`, `worklist`: the service and its roles."""

import gc
import threading
from collections.abc import Callable
from functools import partial
from importlib import import_module

import structlog
import typer

from service.cli.run.drain import limit_drain
from service.cli.run.signals import stop_on_signals
from service.cli.run.supervise import in_a_process_of_its_own, supervise
from service.config import Settings
from service.config.load import load_settings
from service.config.metrics import ROLES, Role
from service.errors import LedgerUnavailable
from service.telemetry.logs import configure_logs

log = structlog.get_logger()


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
    gc.freeze()
    stop = stop_on_signals()
    if status := in_a_process_of_its_own(_check, settings):
        raise typer.Exit(status)
    title = f"--config {context.obj}" if context.obj else ""
    raise typer.Exit(supervise(ROLES, partial(_play, settings), title, stop, settings.drain_s))


def accept(context: typer.Context) -> None:
    """Receive studies by C-STORE, assemble and enqueue them."""
    _play(_prepare(context), "accept", stop_on_signals())


def infer(context: typer.Context) -> None:
    """Run classifiers on queued studies."""
    _play(_prepare(context), "infer", stop_on_signals())


def send(context: typer.Context) -> None:
    """Write result objects and send them to their destinations."""
    _play(_prepare(context), "send", stop_on_signals())


def worklist(context: typer.Context) -> None:
    """Serve the worklist page."""
    _play(_prepare(context), "worklist", stop_on_signals())


def _prepare(context: typer.Context) -> Settings:
    settings = load_settings(context.obj)
    configure_logs(settings.log_format, settings.log_uids)
    return settings


def _check(settings: Settings) -> None:
    from service.wiring.adapters import open_ledger
    from service.wiring.check import check

    check(settings)
    try:
        open_ledger(settings).close()
    except LedgerUnavailable as error:
        # Receiving begins without it; the other roles are started again until it is back.
        log.error("the ledger is away", reason=str(error))


def _play(settings: Settings, name: Role, stop: threading.Event) -> None:
    from service.wiring.observe import observed
    from service.wiring.traces import traced

    run_role = _role(name)
    # What is imported stays: else every full collection goes through it and holds all up for a tenth of a
    # second, and in a fork copies the pages that it shares.
    gc.freeze()
    limit_drain(stop, settings.drain_s)
    with traced(settings, name), observed(settings, name, stop):
        run_role(settings, stop)


def _role(name: Role) -> Callable[[Settings, threading.Event], None]:
    """Of this process alone: what is imported here is what it tells Prometheus of."""
    run_role: Callable[[Settings, threading.Event], None] = getattr(
        import_module(f"service.wiring.{name}"), f"run_{name}"
    )
    return run_role
