"""Behind reception: studies become complete, are routed, and their work leaves for the broker."""

from collections.abc import Callable
from contextlib import ExitStack, closing

from service.assemble.assembler import Assembler
from service.assemble.headers import Headers
from service.assemble.series_assembler import SeriesAssembler
from service.config import Settings
from service.dicom.charset import is_character_set
from service.dicom.predicates import keywords
from service.enqueue.enqueuer import Enqueuer
from service.enqueue.relay import Relay
from service.enqueue.series_enqueuer import SeriesEnqueuer
from service.errors import ConfigurationError
from service.storage.ledger.ledger import Ledger
from service.storage.store.port import InstanceStore
from service.wiring.adapters import open_broker
from service.wiring.asked import companions_wanted
from service.wiring.fetch import open_counter
from service.wiring.priors import priors_gate


def assembling(settings: Settings, ledger: Ledger, store: InstanceStore) -> Callable[[], None]:
    """One turn of assembling and enqueueing, to be called again and again. Raises ConfigurationError."""
    rules = settings.rules
    wanted = keywords([*settings.assemble.whens, *(rule.when for rule in rules)])
    headers = Headers(store, wanted, character_sets=character_sets_of(settings))
    assembler = Assembler(ledger, headers, settings.assemble, open_counter(settings, ledger))
    companions = companions_wanted(settings)
    enqueuer = Enqueuer(ledger, rules, headers.header_of, priors_gate(settings, ledger), companions)
    turns = [assembler.assemble_complete, enqueuer.enqueue_assembled]
    if any(rule.level == "series" for rule in rules):
        hand_on = SeriesEnqueuer(ledger, rules, headers.header_of, companions).enqueue
        # After the studies: what is complete as a whole needs no early analysis.
        turns.insert(1, SeriesAssembler(ledger, headers, settings.assemble.series, hand_on).assemble_complete)

    def turn() -> None:
        for step in turns:
            step()

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
