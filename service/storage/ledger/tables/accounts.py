"""Accounts of people, and who has signed in."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Row, delete, insert, select, update

from service.access.records import Account, Session
from service.access.roles import Role
from service.storage.ledger.schema.access import accounts, web_sessions
from service.storage.ledger.schema.statements import insert_if_absent


@dataclass(frozen=True)
class Accounts:
    """The tables of accounts and of sessions."""

    connection: Connection

    def add(self, account: Account) -> bool:
        """Enter one; False where the name is taken."""
        return insert_if_absent(self.connection, accounts, asdict(account))

    def find(self, name: str) -> Account | None:
        """The account, if there is one, disabled or not."""
        row = self.connection.execute(select(accounts).where(accounts.c.name == name)).one_or_none()
        return _account(row) if row else None

    def all(self) -> tuple[Account, ...]:
        """Every one, by name."""
        rows = self.connection.execute(select(accounts).order_by(accounts.c.name))
        return tuple(map(_account, rows))

    def change(self, account: Account) -> None:
        """Have it so from now on; whoever has signed in with it is signed out."""
        self.connection.execute(
            update(accounts).where(accounts.c.name == account.name).values(asdict(account))
        )
        self.end_sessions_of(account.name)

    def begin(self, session: Session) -> None:
        """Somebody has signed in."""
        self.connection.execute(insert(web_sessions).values(asdict(session)))

    def session(self, digest: str) -> Session | None:
        """The session with this secret."""
        found = select(web_sessions).where(web_sessions.c.digest == digest)
        row = self.connection.execute(found).one_or_none()
        return replace(Session(**row._mapping), role=Role(row.role)) if row else None

    def seen(self, digest: str, now: datetime) -> None:
        """Its person has just done something."""
        self.connection.execute(
            update(web_sessions).where(web_sessions.c.digest == digest).values(seen_at=now)
        )

    def end(self, digest: str) -> None:
        """Nobody can use it any more."""
        self.connection.execute(delete(web_sessions).where(web_sessions.c.digest == digest))

    def end_sessions_of(self, name: str) -> None:
        """Sign the account out, wherever it has signed in."""
        self.connection.execute(delete(web_sessions).where(web_sessions.c.account == name))

    def forget_sessions(self, unseen_since: datetime) -> None:
        """Remove those that have run out long ago."""
        self.connection.execute(delete(web_sessions).where(web_sessions.c.seen_at < unseen_since))


def _account(row: Row[tuple[str, str, str, str, bool, datetime]]) -> Account:
    values = dict(row._mapping)
    return Account(**values | {"role": Role(values["role"])})
