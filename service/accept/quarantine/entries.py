"""What is in the quarantine: looking entries up, and letting them go with a note of who did it and why."""

from bisect import bisect_left
from collections import defaultdict

from service.accept.quarantine.departures import remember
from service.accept.quarantine.entry import QuarantineEntry, id_of, read_entry, reason_key
from service.errors import ConfigurationError
from service.storage.store.port import InstanceStore
from service.storage.store.quarantine_key import QUARANTINE


def quarantined_count(store: InstanceStore) -> int:
    """How many files are in the quarantine. Raises StoreUnavailable."""
    return len(_keys(store))


class QuarantineEntries:
    """The quarantine as it was when this was made: names are listed once, reasons read as they are asked for.

    Raises StoreUnavailable.
    """

    def __init__(self, store: InstanceStore) -> None:
        self._store = store
        self._keys = _keys(store)
        self._of_id: dict[str, list[str]] = defaultdict(list)
        for key in self._keys:
            self._of_id[str(id_of(key))].append(key)
        self._ids = sorted(self._of_id)

    def __len__(self) -> int:
        return len(self._keys)

    def page(self, offset: int, limit: int) -> list[QuarantineEntry]:
        """Up to `limit` entries from `offset` on, newest day first. Raises StoreUnavailable."""
        return [read_entry(self._store, key) for key in self._keys[offset : offset + limit]]

    def before(self, day: str) -> list[QuarantineEntry]:
        """Entries that were quarantined before `day` (YYYY-MM-DD), and not again since.

        Raises StoreUnavailable.
        """
        newest = [keys[0] for keys in self._of_id.values()]
        return [read_entry(self._store, key) for key in newest if key.removeprefix(QUARANTINE)[:10] < day]

    def find(self, prefix: str) -> QuarantineEntry:
        """The entry whose ID begins with `prefix`; of one that was quarantined on several days, the last.

        Raises ConfigurationError where there is none, or more than one.
        """
        begin = prefix.lower()
        at = bisect_left(self._ids, begin)
        found = [one for one in self._ids[at : at + 3] if begin and one.startswith(begin)]
        if len(found) == 1:
            return read_entry(self._store, self._of_id[found[0]][0])
        if not found:
            raise ConfigurationError(
                f"no quarantined instance has an ID that begins with {prefix!r}; `preread quarantine list` "
                "shows the IDs, and `preread quarantine journal` what was released and discarded"
            )
        raise ConfigurationError(
            f"several quarantined instances have an ID that begins with {prefix!r}, such as "
            f"{', '.join(found)}: give more of it"
        )

    def remove(self, entry: QuarantineEntry, action: str, who: str, why: str) -> None:
        """Forget the entry, of whatever day, once the journal says why.

        Raises OutOfSpace, StoreUnavailable; then it may be done again.
        """
        remember(self._store, entry, action, who, why)
        for key in reversed(self._of_id[entry.id]):  # the one that the note is about goes last
            self._store.delete(key)
            self._store.delete(reason_key(key))


def _keys(store: InstanceStore) -> list[str]:
    """The keys of the quarantined files, newest day first."""
    return [key for key in reversed(store.keys(QUARANTINE)) if id_of(key)]
