"""Making the ledger again from the store, and comparing the two: adapters and settings behind it."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime

from service.accept.quarantine.conflicts import Entering
from service.assemble.facts import united
from service.assemble.headers import Headers
from service.config import Settings
from service.recover.check import LedgerCheck
from service.recover.rebuild import Rebuild
from service.recover.settling import Rules, Settling
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.conflicts import Displaced
from service.storage.ledger.steps.receive import enter_all
from service.storage.store.port import InstanceStore
from service.study.model import ReceivedInstance, StudyHeader
from service.wiring.adapters import open_ledger, open_store
from service.wiring.assemble import character_sets_of
from service.wiring.intake import SettledEntries

READERS = 8
"""Files that are read and hashed at one time. A bucket answers each after a while."""


class _FromStore(SettledEntries):
    """Instances that the store has, and what becomes of their studies, in one transaction."""

    def __init__(self, ledger: Ledger, *, replace: bool) -> None:
        super().__init__(ledger, replace=replace)
        self.settling: Settling | None = None

    def record(
        self, instances: Sequence[ReceivedInstance], explain: Callable[[Displaced], object]
    ) -> list[Displaced]:
        """Enter instances; those without a place, told to `explain` first. Raises LedgerUnavailable."""
        with self._ledger.begin() as tx:
            if self.settling:
                self.settling.look(tx)
            displaced = enter_all(tx, instances, datetime.now(UTC), replace=self._replace, explain=explain)
            if self.settling:
                self.settling.settle(tx)
        return displaced


@contextmanager
def open_rebuild(settings: Settings, since: datetime, *, adds_missing: bool, dry: bool) -> Iterator[Rebuild]:
    """A run that has begun. Raises ConfigurationError, as `Rebuild.begin`."""
    with ExitStack() as resources:
        ledger = resources.enter_context(closing(open_ledger(settings)))
        readers = resources.enter_context(ThreadPoolExecutor(READERS, "read"))
        store = open_store(settings)
        # Embedded, the messages are rows of the ledger: they came back with it.
        rules = Rules(since, asks_again=adds_missing and settings.broker.kind != "embedded")
        rebuild = Rebuild(
            ledger,
            store,
            _entering(settings, ledger, store),
            _header_of(settings, store),
            readers,
            rules,
            settings.accept.max_instance_bytes,
            dry=dry,
        )
        rebuild.begin(adds_missing=adds_missing)
        yield rebuild


def _entering(
    settings: Settings, ledger: Ledger, store: InstanceStore
) -> Callable[[Sequence[ReceivedInstance], Settling], int]:
    entries = _FromStore(ledger, replace=settings.accept.conflicting_instances == "replace")
    entering = Entering(entries, store)

    def enter(instances: Sequence[ReceivedInstance], settling: Settling) -> int:
        entries.settling = settling
        return len(entering.enter(instances))

    return enter


def _header_of(
    settings: Settings, store: InstanceStore
) -> Callable[[Sequence[ReceivedInstance]], StudyHeader]:
    headers = Headers(store, (), character_sets=character_sets_of(settings))

    def header_of(instances: Sequence[ReceivedInstance]) -> StudyHeader:
        facts = [one for instance in instances if (one := headers.facts_of(instance)) is not None]
        return united(one.study for one in facts)

    return header_of


@contextmanager
def open_check(settings: Settings, share: float) -> Iterator[LedgerCheck]:
    """Reads `share` of the instances whole, 0 to 1."""
    with closing(open_ledger(settings)) as ledger:
        yield LedgerCheck(ledger, open_store(settings), share, settings.accept.max_instance_bytes)
