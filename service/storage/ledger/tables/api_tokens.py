"""Tokens of programs that use the API."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, select, update

from service.access.records import Token
from service.access.roles import Permission
from service.storage.ledger.schema.access import api_tokens
from service.storage.ledger.schema.statements import insert_if_absent


@dataclass(frozen=True)
class ApiTokens:
    """The table of tokens. Those that are revoked stay in it: their names are in the audit trail."""

    connection: Connection

    def add(self, token: Token) -> bool:
        """Enter one; False where the name is taken."""
        values = asdict(token) | {"scopes": [str(one) for one in token.scopes]}
        return insert_if_absent(self.connection, api_tokens, values)

    def with_digest(self, digest: str) -> Token | None:
        """The token with this secret, valid or not."""
        row = self.connection.execute(select(api_tokens).where(api_tokens.c.digest == digest)).one_or_none()
        return _token(row) if row else None

    def all(self) -> tuple[Token, ...]:
        """Every one, by name."""
        return tuple(map(_token, self.connection.execute(select(api_tokens).order_by(api_tokens.c.name))))

    def revoke(self, name: str, now: datetime) -> bool:
        """Let it open nothing any more; False where there is none that still does."""
        valid = (api_tokens.c.name == name) & api_tokens.c.revoked_at.is_(None)
        changed = self.connection.execute(update(api_tokens).where(valid).values(revoked_at=now))
        return changed.rowcount > 0

    def used(self, name: str, now: datetime) -> None:
        """It has just been used."""
        self.connection.execute(update(api_tokens).where(api_tokens.c.name == name).values(used_at=now))


def _token(row: Row[tuple[object, ...]]) -> Token:
    values = dict(row._mapping)
    return Token(**values | {"scopes": tuple(Permission(one) for one in values["scopes"])})
