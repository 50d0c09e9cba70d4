"""The role `accept`: receive, assemble, enqueue."""

import threading
from collections.abc import Sequence
from contextlib import ExitStack, closing
from functools import partial

from service.accept.pynetdicom_scp import PynetdicomSCP
from service.accept.scp import StorageSCP
from service.accept.store_instance import InstanceReceiver
from service.assemble.assembler import Assembler
from service.config import AcceptSettings, Settings
from service.dicom.header import instance_header, read_header
from service.enqueue.enqueuer import Enqueuer
from service.enqueue.relay import Relay
from service.enqueue.routing import keywords
from service.errors import Refused
from service.storage.ledger import Ledger
from service.storage.port import InstanceStore
from service.storage.receive import record_received
from service.study.model import InstanceHeader, ReceivedInstance
from service.wiring.adapters import open_broker, open_ledger, open_store
from service.wiring.loops import repeat, start

# Long enough for the instance that is being received; a scanner sends the rest again.
STOP_GRACE_S = 10.0


def run_accept(settings: Settings, stop: threading.Event) -> None:
    """Receive studies until `stop` is set, then finish what is being received."""
    with ExitStack() as resources:
        ledger = resources.enter_context(closing(open_ledger(settings)))
        store = open_store(settings)
        receiver = InstanceReceiver(store, partial(record_received, ledger), settings.accept)
        scp = open_scp(settings.accept, receiver)
        scp.start()
        resources.callback(scp.stop, STOP_GRACE_S)
        threads = [
            start("assemble", partial(_assemble, settings, ledger, store, stop), stop),
            *_start_relay(settings, ledger, stop, resources),
        ]
        stop.wait()
        for thread in threads:
            thread.join(STOP_GRACE_S)


def open_scp(settings: AcceptSettings, receiver: InstanceReceiver) -> StorageSCP | PynetdicomSCP:
    """The SCP on the data path that is chosen, not yet listening."""
    scp = StorageSCP if settings.receiver == "own" else PynetdicomSCP
    return scp(settings, receiver)


def _assemble(settings: Settings, ledger: Ledger, store: InstanceStore, stop: threading.Event) -> None:
    assembler = Assembler(ledger, store, settings.assemble.quiet_period_s)
    enqueuer = Enqueuer(ledger, settings.rules, partial(read_headers, store, keywords(settings.rules)))

    def turn() -> None:
        assembler.assemble_quiet()
        enqueuer.enqueue_assembled()

    repeat(turn, settings.assemble.poll_interval_s, stop)


def _start_relay(
    settings: Settings, ledger: Ledger, stop: threading.Event, resources: ExitStack
) -> list[threading.Thread]:
    """With RabbitMQ the outbox is relayed to it; embedded, the outbox is the queue."""
    if settings.broker.kind == "embedded":
        return []
    broker = resources.enter_context(closing(open_broker(settings, ledger)))
    return [start("relay", partial(Relay(ledger, broker).run, stop), stop)]


def read_headers(
    store: InstanceStore, wanted: Sequence[str], instances: Sequence[ReceivedInstance]
) -> list[InstanceHeader]:
    """The attributes `wanted` of every instance whose header can be read."""
    headers = []
    for instance in instances:
        try:
            headers.append(instance_header(read_header(store.get(instance.key)), wanted))
        except (Refused, KeyError):
            continue  # the assembler has logged it, and the worker will explain it for that image
    return headers
