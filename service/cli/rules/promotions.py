"""What promotions make of the rules, for commands that say what would run."""

from contextlib import closing

from rich.console import Console
from rich.markup import escape

from service.config import Settings
from service.errors import LedgerUnavailable
from service.storage.ledger.tables.promotions import Promotion


def promotions_of(settings: Settings) -> tuple[Promotion, ...] | None:
    """Every promotion, the oldest first; none where this machine has no ledger yet, which is not made.

    None, and a word about it on stderr, where the ledger does not answer.
    """
    from service.wiring.adapters import open_ledger

    if not settings.ledger.url and not (settings.data_folder / "ledger.sqlite3").exists():
        return ()
    try:
        with closing(open_ledger(settings)) as ledger, ledger.read() as tx:
            return tx.promotions.all()
    except LedgerUnavailable as error:
        Console(stderr=True, highlight=False).print(
            f"[yellow]promotions are left out, the rules are shown as configured:[/] {escape(str(error))}",
            soft_wrap=True,
        )
        return None
