"""Behind reception: studies become complete, are routed, and their work leaves for the broker."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import partial

from service.assemble.assembler import Assembler
from service.config import Settings
from service.dicom.charset import NO_CHARACTER_SETS, is_character_set
from service.dicom.header import instance_header, read_header_for_display
from service.dicom.predicates import keywords
from service.enqueue.enqueuer import Enqueuer
from service.enqueue.relay import Relay
from service.errors import ConfigurationError, Refused
from service.storage.ledger import Ledger
from service.storage.port import InstanceStore
from service.study.model import InstanceHeader, ReceivedInstance
from service.wiring.adapters import open_broker
from service.wiring.fetch import open_counter


def assembling(settings: Settings, ledger: Ledger, store: InstanceStore) -> Callable[[], None]:
    """One turn of assembling and enqueueing, to be called again and again. Raises ConfigurationError."""
    character_sets = character_sets_of(settings)
    pacs = open_counter(settings, ledger)
    assembler = Assembler(ledger, store, settings.assemble, pacs, character_sets=character_sets)
    wanted = keywords(rule.when for rule in settings.rules)
    read = partial(read_headers, store, wanted, character_sets=character_sets)
    enqueuer = Enqueuer(ledger, settings.rules, read)

    def turn() -> None:
        assembler.assemble_complete()
        enqueuer.enqueue_assembled()

    return turn


def open_relay(settings: Settings, ledger: Ledger, resources: ExitStack) -> Relay | None:
    """With RabbitMQ the outbox is relayed to it; embedded, the outbox is the queue."""
    if settings.broker.kind == "embedded":
        return None
    broker = resources.enter_context(closing(open_broker(settings, ledger)))
    return Relay(ledger, broker)


def character_sets_of(settings: Settings) -> dict[str, str]:
    """The character sets that senders use whatever they declare, by calling AE title.

    Raises ConfigurationError for one that is not known.
    """
    for number, peer in enumerate(settings.accept.peers):
        if not is_character_set(peer.character_set):
            raise ConfigurationError(
                f"accept.peers.{number}.character_set is {peer.character_set!r}, which is none: use a term "
                "of PS3.3 C.12.1.1.2 such as ISO_IR 192, GB18030, \\ISO 2022 IR 87, or windows-1251, Big5"
            )
    peers = reversed(settings.accept.peers)  # the first one with an AE title holds
    return {peer.ae_title: peer.character_set for peer in peers if peer.character_set}


def read_headers(
    store: InstanceStore,
    wanted: Sequence[str],
    instances: Sequence[ReceivedInstance],
    character_sets: Mapping[str, str] = NO_CHARACTER_SETS,
) -> list[InstanceHeader]:
    """The attributes `wanted` of every instance whose header can be read."""
    headers = []
    for instance in instances:
        try:
            with store.open(instance.key) as file:
                character_set = character_sets.get(instance.calling_ae_title, "")
                headers.append(instance_header(read_header_for_display(file, character_set), wanted))
        except (Refused, KeyError):
            continue  # the assembler has logged it, and the worker will explain it for that image
    return headers
