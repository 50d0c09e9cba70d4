"""People and programs that ask a worklist from another machine."""

from datetime import UTC, datetime, timedelta
from functools import cache

from fastapi import FastAPI

from service.access.records import Account, Token
from service.access.roles import Permission, Role
from service.access.secrets import digest, hashed
from service.storage.ledger.ledger import Ledger
from tests.unit.worklist.clients import TestClient, from_elsewhere

PASSWORD = "correct horse battery"
ORIGIN = "https://preread.hospital"
OURS = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}


@cache
def _hash() -> str:
    """Once: it is slow on purpose."""
    return hashed(PASSWORD, "somebody")


def account(ledger: Ledger, name: str, role: Role, *, disabled: bool = False) -> None:
    made = Account(name, name.capitalize(), role, _hash(), disabled, datetime.now(UTC))
    with ledger.begin() as tx:
        assert tx.accounts.add(made)


def token(ledger: Ledger, *scopes: Permission, days: int = 1) -> dict[str, str]:
    """Headers of a program that has one."""
    now, name = datetime.now(UTC), f"token-{'-'.join(scopes)}-{days}".replace(":", "-")
    secret = f"preread_{name}"
    with ledger.begin() as tx:
        tx.api_tokens.add(Token(name[:64], digest(secret), scopes, "root", now, now + timedelta(days=days)))
    return {"Authorization": f"Bearer {secret}"}


def sign_in(client: TestClient, name: str, password: str = PASSWORD, following: str = "/") -> int:
    form = {"name": name, "password": password, "following": following}
    return int(client.post("/sign-in", data=form, headers=OURS).status_code)


def signed_in(app: FastAPI, ledger: Ledger, role: Role) -> TestClient:
    """A browser elsewhere, of an account with this role."""
    account(ledger, role.value, role)
    client = from_elsewhere(app, ORIGIN)
    assert sign_in(client, role.value) == 303
    return client
