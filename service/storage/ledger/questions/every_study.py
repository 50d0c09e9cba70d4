"""Going through all studies of a ledger, however many there are."""

from collections.abc import Iterator

from sqlalchemy import select

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.schema.tables import studies
from service.storage.ledger.tables.studies import study_of
from service.study.model import Study


def every_study(ledger: Ledger, page: int = 200) -> Iterator[Study]:
    """Each study, by its UID, so many in a transaction. Raises LedgerUnavailable."""
    last = ""
    while True:
        with ledger.read() as tx:
            rows = tx.connection.execute(
                select(studies)
                .where(studies.c.study_instance_uid > last)
                .order_by(studies.c.study_instance_uid)
                .limit(page)
            )
            found = [study_of(row) for row in rows]
        if not found:
            return
        yield from found
        last = found[-1].study_instance_uid
