"""The ledger's tables of who may ask, and of who has asked. As tables.py: a change needs a migration."""

from sqlalchemy import JSON, Boolean, Column, Index, String, Table, Text

from service.storage.ledger.schema.columns import COUNTER, NAME, UID, UtcDateTime, metadata

DIGEST = String(64)

accounts = Table(
    "accounts",
    metadata,
    Column("name", NAME, primary_key=True),
    Column("full_name", NAME, nullable=False),
    Column("role", String(16), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

web_sessions = Table(
    "web_sessions",
    metadata,
    Column("digest", DIGEST, primary_key=True),
    Column("account", NAME, nullable=False),
    Column("full_name", NAME, nullable=False),
    Column("role", String(16), nullable=False),
    # `account`, or `oidc`: then there is no row in `accounts`.
    Column("source", String(16), nullable=False),
    Column("began_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Index(None, "seen_at"),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("name", NAME, primary_key=True),
    Column("digest", DIGEST, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_by", NAME, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("used_at", UtcDateTime),
    Index(None, "digest"),
)

# Rows are added, never changed.
audit_events = Table(
    "audit_events",
    metadata,
    Column("id", COUNTER, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("action", String(32), nullable=False),
    Column("who", NAME, nullable=False),
    Column("role", String(16), nullable=False),
    Column("address", NAME, nullable=False),
    # No foreign key: somebody may ask for a study that is not here.
    Column("study_instance_uid", UID, nullable=False),
    Column("detail", Text, nullable=False),
    Column("succeeded", Boolean, nullable=False),
    Index(None, "at"),
    Index(None, "action", "at"),
    Index(None, "who", "id"),
    Index(None, "study_instance_uid"),
)
