"""The role `accept`: receive, assemble, enqueue."""

import threading
from collections.abc import Mapping
from contextlib import ExitStack, closing, suppress
from functools import partial

import structlog

from service.accept.association.n_services import NServices
from service.accept.commitment.held import HeldCommitments
from service.accept.commitment.report import CommitmentReports
from service.accept.commitment.reporter import CommitmentReporter
from service.accept.commitment.scp import CommitmentSCP
from service.accept.commitment.scu import CommitmentSCU
from service.accept.commitment.truth import CommitmentTruth
from service.accept.fallback.scp import PynetdicomSCP
from service.accept.instance.receiver import InstanceReceiver
from service.accept.intake.port import Intake
from service.accept.procedure_steps import ProcedureStepSCP
from service.accept.scp import StorageSCP
from service.assemble.overdue import OverdueAlarm
from service.config import AcceptSettings, RetentionSettings, Settings
from service.enqueue.relay import Relay
from service.errors import LedgerUnavailable, StoreUnavailable
from service.perform.performer import Performer
from service.storage.ledger.ledger import Ledger
from service.storage.store.port import InstanceStore
from service.telemetry.health import BEGUN
from service.telemetry.metrics.receiving import FREE_BYTES, SPACE_LOW, WATERMARK_BYTES
from service.telemetry.metrics.scraped import Value, scraped
from service.telemetry.moves import tell_moves
from service.wiring.adapters import open_store
from service.wiring.assemble import assembling, open_relay
from service.wiring.intake import open_intake
from service.wiring.loops import start, start_repeating
from service.wiring.notice_board import Check, NoticeBoard
from service.wiring.perform import performers, start_performing
from service.wiring.priors import prior_fetching
from service.wiring.retention import open_retentions
from service.wiring.space import low_space_notice, space_for_receiving
from service.wiring.watched_folder import open_watched_folder
from service.wiring.web_intake import open_web_intake

# Long enough for the instance that is being received; a scanner sends the rest again.
STOP_GRACE_S = 10.0
LEDGER_RETRY_S = 5.0
COMMITMENT_INTERVAL_S = 1.0
NOTICE_INTERVAL_S = 5.0
ALARM_INTERVAL_S = 30.0
PRIORS_INTERVAL_S = 1.0
RETENTION_INTERVAL_S = 3600.0
INDEX_INTERVAL_S = 3600.0
MAKE_ROOM_INTERVAL_S = 30.0

log = structlog.get_logger()


def run_accept(settings: Settings, stop: threading.Event) -> None:
    """Receive studies until `stop` is set, then finish what is being received."""
    with ExitStack() as resources:
        ledger = resources.enter_context(closing(Ledger(settings.ledger_url, tell_moves)))
        store = open_store(settings)
        intake = resources.enter_context(open_intake(settings, ledger, store))
        assemble = assembling(settings, ledger, store)
        fetch_priors = prior_fetching(settings, ledger)
        performing = performers(settings, ledger)
        services, reporter = _services(settings.accept, ledger, store, intake)
        receiver = InstanceReceiver(store, intake, settings.accept, space_for_receiving(settings, store))
        scp = open_scp(settings.accept, receiver, services)
        resources.enter_context(scraped(partial(_space, receiver, store, settings.accept)))
        scp.start()
        resources.callback(scp.stop, STOP_GRACE_S)
        BEGUN.tell()
        resources.enter_context(open_web_intake(settings, receiver, stop))
        resources.enter_context(open_watched_folder(settings, receiver, stop))
        if not upgraded(ledger, stop):
            return
        relay = open_relay(settings, ledger, resources)
        checks = _checks(receiver, intake, relay, low_space_notice(settings), performing)
        board = NoticeBoard(ledger, "accept", checks)
        alarm = OverdueAlarm(ledger, settings.assemble.alarm_after_s)
        alarms = NoticeBoard(ledger, "assemble", {"overdue": alarm.check}, common=True)
        threads = [
            start_repeating("assemble", assemble, settings.assemble.poll_interval_s, stop),
            start_repeating("commitment", reporter.turn, COMMITMENT_INTERVAL_S, stop),
            start_repeating("notices", board.turn, NOTICE_INTERVAL_S, stop),
            start_repeating("alarms", alarms.turn, ALARM_INTERVAL_S, stop),
            start_repeating("indexes", ledger.build_indexes, INDEX_INTERVAL_S, stop),
        ]
        if settings.retention != RetentionSettings():
            retain = open_retentions(settings.retention, ledger, store)
            threads += [
                start_repeating("retention", retain.turn, RETENTION_INTERVAL_S, stop),
                start_repeating("make room", retain.make_room, MAKE_ROOM_INTERVAL_S, stop),
            ]
        if fetch_priors is not None:
            threads.append(start_repeating("priors", fetch_priors, PRIORS_INTERVAL_S, stop))
        threads += start_performing(settings, performing, stop)
        if relay is not None:
            threads.append(start("relay", partial(relay.run, stop), stop))
        stop.wait()
        for thread in threads:
            thread.join(STOP_GRACE_S)


def upgraded(ledger: Ledger, stop: threading.Event) -> bool:
    """Bring the ledger's tables to this version once the database answers; False if `stop` comes first."""
    while not stop.is_set():
        try:
            ledger.upgrade()
        except LedgerUnavailable as error:
            log.error("the ledger is away: receiving goes on, nothing is assembled", reason=str(error))
            stop.wait(LEDGER_RETRY_S)
        else:
            return True
    return False


def open_scp(
    settings: AcceptSettings, receiver: InstanceReceiver, services: NServices
) -> StorageSCP | PynetdicomSCP:
    """The SCP on the data path that is chosen, not yet listening."""
    scp = StorageSCP if settings.receiver == "own" else PynetdicomSCP
    return scp(settings, receiver, is_space_low=receiver.is_space_low, services=services)


def _checks(
    receiver: InstanceReceiver,
    intake: Intake,
    relay: Relay | None,
    low_space: str,
    performing: Mapping[str, Performer],
) -> dict[str, Check]:
    """What the worklist tells people of this role."""
    checks: dict[str, Check] = {
        "space": lambda: low_space if receiver.is_space_low() else "",
        "journal": lambda: _noted("Received images wait in the journal", intake.trouble()),
    }
    for name, performer in performing.items():
        checks[f"workitems-{name}"] = partial(_waiting_workitems, performer)
    if relay is not None:
        checks["broker"] = lambda: _noted("Work waits for the broker", relay.trouble)
    return checks


def _space(receiver: InstanceReceiver, store: InstanceStore, settings: AcceptSettings) -> list[Value]:
    values: list[Value] = [
        (SPACE_LOW, (), receiver.is_space_low()),
        (WATERMARK_BYTES, (), settings.min_free_bytes),
    ]
    with suppress(StoreUnavailable):
        values.append((FREE_BYTES, (), store.free_bytes()))
    return values


def _noted(what: str, why: str) -> str:
    return f"{what}: {why}" if why else ""


def _waiting_workitems(performer: Performer) -> str:
    return _noted("Workitems wait for their manager", performer.trouble)


def _services(
    settings: AcceptSettings, ledger: Ledger, store: InstanceStore, intake: Intake
) -> tuple[NServices, CommitmentReporter]:
    """MPPS and storage commitment, and what reports commitment on associations of its own."""
    held = HeldCommitments()
    truth = CommitmentTruth(ledger, store, intake.is_settling)
    commitment = CommitmentSCP(ledger, truth, held)
    services = NServices(
        ProcedureStepSCP(ledger).handlers() | commitment.handlers() | CommitmentReports(ledger).handlers()
    )
    return services, CommitmentReporter(ledger, truth, held, CommitmentSCU(settings).send)
