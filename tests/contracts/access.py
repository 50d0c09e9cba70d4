"""Accounts, sessions, tokens and the audit trail, on every database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from service.access.records import Account, Action, AuditEvent, Session, Token
from service.access.roles import Permission, Role
from service.storage.ledger.ledger import Ledger
from tests.contracts.opened import OnALedger

NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
ANNA = Account("anna", "Anna Berg", Role.RADIOLOGIST, "hash", disabled=False, created_at=NOW)
SESSION = Session("d1", "anna", "Anna Berg", Role.RADIOLOGIST, "account", NOW, NOW)
TOKEN = Token("ris", "d2", (Permission.BADGES,), "root", NOW, NOW + timedelta(days=1))


def event(action: Action = Action.VIEWED, minute: int = 0, **values: Any) -> AuditEvent:
    at = NOW + timedelta(minutes=minute)
    return AuditEvent(at, action, **{"who": "anna", "role": "radiologist", "address": "10.0.0.7"} | values)


class AccessContract(OnALedger):
    """Subclass with a fixture `ledger_url` that names an empty database."""

    def test_an_account_is_kept_once(self, ledger: Ledger) -> None:
        with ledger.begin() as tx:
            assert tx.accounts.add(ANNA)
            assert not tx.accounts.add(replace(ANNA, role=Role.SERVICE))
        with ledger.read() as tx:
            assert tx.accounts.find("anna") == ANNA
            assert tx.accounts.find("bob") is None
            assert tx.accounts.all() == (ANNA,)

    def test_whoever_is_changed_is_signed_out(self, ledger: Ledger) -> None:
        other = replace(SESSION, digest="d9", account="bob")
        with ledger.begin() as tx:
            tx.accounts.add(ANNA)
            tx.accounts.begin(SESSION)
            tx.accounts.begin(other)
            tx.accounts.change(replace(ANNA, disabled=True))
        with ledger.read() as tx:
            assert tx.accounts.find("anna") == replace(ANNA, disabled=True)
            assert tx.accounts.session("d1") is None
            assert tx.accounts.session("d9") == other

    def test_a_session_is_touched_ended_and_forgotten(self, ledger: Ledger) -> None:
        later = NOW + timedelta(hours=1)
        with ledger.begin() as tx:
            for digest in ("d1", "d2", "d3"):
                tx.accounts.begin(replace(SESSION, digest=digest))
            tx.accounts.seen("d1", later)
            tx.accounts.end("d2")
            tx.accounts.forget_sessions(later)
        with ledger.read() as tx:
            assert tx.accounts.session("d1") == replace(SESSION, seen_at=later)
            assert tx.accounts.session("d2") is tx.accounts.session("d3") is None

    def test_a_token_is_valid_until_it_runs_out_or_is_revoked(self, ledger: Ledger) -> None:
        with ledger.begin() as tx:
            assert tx.api_tokens.add(TOKEN)
            assert not tx.api_tokens.add(TOKEN)
            tx.api_tokens.used("ris", NOW)
        with ledger.read() as tx:
            found = tx.api_tokens.with_digest("d2")
            assert found == replace(TOKEN, used_at=NOW)
            assert tx.api_tokens.with_digest("d3") is None
        assert found.is_valid(NOW)
        assert not found.is_valid(NOW + timedelta(days=1))
        with ledger.begin() as tx:
            assert tx.api_tokens.revoke("ris", NOW)
            assert not tx.api_tokens.revoke("ris", NOW)
            (revoked,) = tx.api_tokens.all()
        assert not revoked.is_valid(NOW)

    def test_the_audit_trail_is_read_from_both_ends(self, ledger: Ledger) -> None:
        first, second = event(study_instance_uid="1.2"), event(minute=5, who="bob")
        with ledger.begin() as tx:
            tx.audit.add(first)
            tx.audit.add(second)
        with ledger.read() as tx:
            assert tx.audit.newest(9) == (second, first)
            assert tx.audit.newest(1) == (second,)
            assert tx.audit.newest(9, study_instance_uid="1.2") == (first,)
            assert tx.audit.newest(9, who="bob") == (second,)
            assert list(tx.audit.since(NOW)) == [first, second]
            assert list(tx.audit.since(NOW + timedelta(minutes=1))) == [second]

    def test_failed_sign_ins_are_counted_by_account_and_by_address(self, ledger: Ledger) -> None:
        with ledger.begin() as tx:
            for minute, who, address in ((0, "anna", "a"), (5, "anna", "b"), (9, "bob", "b")):
                failed = event(Action.SIGN_IN_FAILED, minute, who=who, address=address)
                tx.audit.add(replace(failed, succeeded=False))
            tx.audit.add(event(Action.SIGNED_IN, 9))
        with ledger.read() as tx:
            assert tx.audit.failed_sign_ins(NOW, name="anna") == 2
            assert tx.audit.failed_sign_ins(NOW + timedelta(minutes=1), name="anna") == 1
            assert tx.audit.failed_sign_ins(NOW, address="b") == 2
