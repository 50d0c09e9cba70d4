"""Studies as the ledger holds them, many in one transaction."""

from collections.abc import Iterable
from dataclasses import dataclass

from service.cli.simulate.follow import Seen
from service.storage.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class FromLedger:
    """Reads the ledger."""

    ledger: Ledger

    def seen(self, study_instance_uids: Iterable[str]) -> dict[str, Seen]:
        """Those of the studies that it knows."""
        found = {}
        with self.ledger.read() as tx:
            for uid in study_instance_uids:
                if study := tx.studies.find(uid):
                    history = tuple((one.at, one.state) for one in tx.studies.history(uid))
                    found[uid] = Seen(study.state, study.instance_count, history)
        return found
