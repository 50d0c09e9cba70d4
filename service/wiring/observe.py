"""What a role tells of itself, on a port of its own: metrics, whether it lives, whether it is ready."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from importlib.metadata import PackageNotFoundError, version

import structlog

from service.config import Settings
from service.config.metrics import Role
from service.storage.ledger.ledger import Ledger
from service.telemetry.endpoint import answering, health_page, metrics_page
from service.telemetry.health import BEGUN, LOOPS, Check, Readiness
from service.telemetry.metrics.process import ROLE, STUCK_LOOPS
from service.telemetry.metrics.scanners import SCANNERS
from service.telemetry.metrics.scraped import Value, scraped
from service.wiring.adapters import open_store
from service.wiring.ledger_metrics import LedgerMetrics

log = structlog.get_logger()


@contextmanager
def observed(settings: Settings, role: Role, stop: threading.Event) -> Iterator[None]:
    """Answer Prometheus and the orchestrator while this lasts."""
    titles = scanners_of(settings)
    SCANNERS.know(titles)
    if not settings.metrics.enabled:
        yield
        return
    BEGUN.forget()
    with ExitStack() as resources:
        resources.callback(BEGUN.forget)
        ledger = resources.enter_context(closing(Ledger(settings.ledger_url)))
        stuck = partial(LOOPS.stuck, settings.metrics.stuck_after_s)
        resources.enter_context(scraped(lambda: _own(role, len(stuck()))))
        if role == "accept":
            destinations = [one.name for one in settings.destinations]
            every_s = settings.metrics.ledger_every_s
            in_ledger = LedgerMetrics(ledger, titles, destinations, every_s)
            resources.enter_context(scraped(in_ledger.values))
        readiness = Readiness(_checks(settings, role, ledger, stop))
        pages = {
            "/metrics": metrics_page,
            "/livez": lambda: health_page([f"stuck: {name}" for name in stuck()]),
            "/readyz": lambda: health_page(readiness.failing()),
        }
        port = resources.enter_context(
            answering(settings.metrics.bind, settings.metrics.port_of(role), pages)
        )
        if port is not None:
            log.info("metrics are served", bind=settings.metrics.bind, port=port)
        yield


def scanners_of(settings: Settings) -> frozenset[str]:
    """The calling AE titles that the configuration names."""
    accept = settings.accept
    return frozenset({*accept.allowed_calling_ae_titles, *(peer.ae_title for peer in accept.peers)})


def _own(role: Role, stuck: int) -> Iterator[Value]:
    yield ROLE, (role, version_of_this()), 1.0
    yield STUCK_LOOPS, (), stuck


def version_of_this() -> str:
    """Of Preread."""
    try:
        return version("preread")
    except PackageNotFoundError:  # run from its source
        return "unknown"


def _checks(settings: Settings, role: Role, ledger: Ledger, stop: threading.Event) -> dict[str, Check]:
    """What has to answer before work is sent here. `accept` with a journal receives while the ledger is
    away.
    """
    checks: dict[str, Check] = {
        "the role has not begun, or has ended": lambda: bool(BEGUN),
        "the process is stopping": lambda: not stop.is_set(),
        "the instance store does not answer": open_store(settings).free_bytes,
    }
    accept = settings.accept
    asks_ledger = accept.durability == "direct" or accept.conflicting_instances == "refuse"
    if role != "accept" or asks_ledger:
        checks["the ledger does not answer"] = ledger.check
    return checks
