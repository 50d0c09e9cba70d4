"""What pages and `preread status` say of work that was given up: from the ledger, so never outdated."""

from service.storage.ledger.ledger import Transaction
from service.storage.ledger.tables.leases import COUNTED
from service.storage.ledger.tables.notices import Notice

SOURCE = "dead letters"


def dead_notice(tx: Transaction) -> tuple[Notice, ...]:
    """One notice where work of the present revisions was given up, else none."""
    count, first = tx.leases.count_given_up()
    if first is None:
        return ()
    number = str(count) if count <= COUNTED else f"more than {COUNTED}"
    what = "1 piece of work was" if count == 1 else f"{number} pieces of work were"
    text = (
        f"{what} given up and left to a person: `preread dead list` says what and why, "
        "`preread dead retry` tries it again"
    )
    return (Notice(SOURCE, text, first),)
