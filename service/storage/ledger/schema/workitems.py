"""The ledger's table of workitems."""

from sqlalchemy import JSON, Column, Index, Integer, String, Table, Text

from service.storage.ledger.schema.columns import NAME, UID, UtcDateTime, metadata

workitems = Table(
    "workitems",
    metadata,
    Column("workitem_uid", UID, primary_key=True),
    Column("manager", NAME, nullable=False),
    # Who knows it may change the workitem at its manager.
    Column("transaction_uid", UID, nullable=False),
    Column("state", String(16), nullable=False),
    # No foreign key: a workitem is claimed before its study is fetched. Empty where it names none.
    Column("study_instance_uid", UID, nullable=False),
    Column("workitem", JSON, nullable=False),
    Column("classifiers", JSON, nullable=False),
    Column("destinations", JSON, nullable=False),
    Column("found_at", UtcDateTime, nullable=False),
    # Until then it is in somebody's hands, or nothing is to be done.
    Column("due_at", UtcDateTime, nullable=False),
    Column("claimed_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    # Why somebody has asked us to cancel it; empty where nobody has.
    Column("cancel_asked", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("told", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index(None, "manager", "state", "due_at"),
    Index(None, "study_instance_uid"),
    Index(None, "found_at"),
)
