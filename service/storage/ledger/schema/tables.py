"""The ledger's tables. A change here needs a migration in migrations/versions; a test compares the two.

An index alone needs none: indexes.py builds what is missing. Those of the few open rows are in few.py.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    false,
)

from service.storage.ledger.schema.columns import COUNTER, NAME, TERM, UID, UtcDateTime, metadata

studies = Table(
    "studies",
    metadata,
    Column("study_instance_uid", UID, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("priority", String(16), nullable=False),
    Column("instance_count", Integer, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("last_instance_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    # When anything of the row was written; `updated_at` is that of its state.
    Column("changed_at", UtcDateTime),
    # When the last association that brought images of this study was released.
    Column("released_at", UtcDateTime),
    Column("patient_name", Text, nullable=False, default=""),
    Column("patient_id", Text, nullable=False, default=""),
    Column("patient_birth_date", Text, nullable=False, default=""),
    Column("patient_sex", Text, nullable=False, default=""),
    Column("accession_number", Text, nullable=False, default=""),
    Column("study_date", Text, nullable=False, default=""),
    Column("study_time", Text, nullable=False, default=""),
    Column("study_description", Text, nullable=False, default=""),
    Column("modalities", JSON, nullable=False, default=list),
    # The revision whose images were removed last; the history says when and why.
    Column("images_removed_of", Integer),
    Index(None, "state", "last_instance_at"),
    Index(None, "state", "received_at"),
    Index(None, "received_at"),
    Index(None, "changed_at"),
    Index(None, "patient_id"),
    Index(None, "study_date"),
)

search_terms = Table(
    "search_terms",
    metadata,
    Column("study_instance_uid", UID, ForeignKey("studies.study_instance_uid"), primary_key=True),
    # A word of the patient's name or numbers, or a facet such as `modality:US`; see service/study/search.py.
    Column("term", TERM, primary_key=True),
    Column("origin", String(8), primary_key=True),
    # That of the study, so that the newest come first without a look at it.
    Column("received_at", UtcDateTime, nullable=False),
    Index(None, "term", "received_at", "study_instance_uid"),
)

history = Table(
    "history",
    metadata,
    Column("id", COUNTER, primary_key=True),
    Column("study_instance_uid", UID, ForeignKey("studies.study_instance_uid"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("event", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Index(None, "study_instance_uid"),
)

instances = Table(
    "instances",
    metadata,
    Column("sop_instance_uid", UID, primary_key=True),
    Column("study_instance_uid", UID, ForeignKey("studies.study_instance_uid"), nullable=False),
    Column("series_instance_uid", UID, nullable=False),
    Column("sop_class_uid", UID, nullable=False),
    Column("transfer_syntax_uid", UID, nullable=False),
    Column("key", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("calling_ae_title", String(16), nullable=False),
    Column("called_ae_title", String(16), nullable=False, server_default=""),
    Column("received_at", UtcDateTime, nullable=False),
    Index(None, "study_instance_uid"),
)

prior_fetches = Table(
    "prior_fetches",
    metadata,
    Column("study_instance_uid", UID, ForeignKey("studies.study_instance_uid"), primary_key=True),
    Column("wanted", JSON, nullable=False),
    Column("deadline", UtcDateTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Index(None, "state", "deadline"),
)

priors = Table(
    "priors",
    metadata,
    # No foreign key: a study is marked before its first image comes.
    Column("study_instance_uid", UID, primary_key=True),
    Column("prior_of", UID, nullable=False),
)

procedure_steps = Table(
    "procedure_steps",
    metadata,
    Column("sop_instance_uid", UID, primary_key=True),
    # No foreign key: a modality begins its step before it sends the first image.
    Column("study_instance_uid", UID, nullable=False),
    Column("status", String(16), nullable=False),
    Column("instance_uids", JSON, nullable=False),
    Column("calling_ae_title", String(16), nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index(None, "study_instance_uid"),
    Index(None, "updated_at"),
)

commitments = Table(
    "commitments",
    metadata,
    Column("id", COUNTER, primary_key=True),
    Column("transaction_uid", UID, nullable=False),
    Column("calling_ae_title", String(16), nullable=False),
    Column("references", JSON, nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("answered_at", UtcDateTime),
    Column("attempts", Integer, nullable=False, default=0),
    Column("reason", Text, nullable=False, default=""),
    Index(None, "answered_at"),
)

notices = Table(
    "notices",
    metadata,
    Column("source", String(255), primary_key=True),
    Column("text", Text, nullable=False),
    Column("since", UtcDateTime, nullable=False),
)

analyses = Table(
    "analyses",
    metadata,
    Column("study_instance_uid", UID, ForeignKey("studies.study_instance_uid"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("classifier", NAME, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("destinations", JSON, nullable=False),
    # The series that are analysed; empty where it is the whole study.
    Column("series_instance_uids", JSON, nullable=False, server_default="[]"),
    # Made of the series that are complete while others are still being received.
    Column("early", Boolean, nullable=False, server_default=false()),
    # As its message says it: a study can be made urgent while it waits.
    Column("priority", String(16), nullable=False, server_default="routine"),
    Column("assume_body_part", String(16), nullable=False, server_default=""),
    # The study that is read beside this one; empty where none was there, or none is wanted.
    Column("companion_study_instance_uid", UID, nullable=False, server_default=""),
    # Kept and compared, never sent, and nothing waits for it.
    Column("shadow", Boolean, nullable=False, server_default=false()),
    Column("result", JSON),
    Column("queued_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Index(None, "finished_at"),
)

objects = Table(
    "objects",
    metadata,
    Column("sop_instance_uid", UID, primary_key=True),
    Column("study_instance_uid", UID, ForeignKey("studies.study_instance_uid"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("classifier", NAME, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("sop_class_uid", UID, nullable=False),
    Column("series_instance_uid", UID, nullable=False),
    Column("key", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # Why it may not be sent; empty where the conformance gate let it through.
    Column("fault", Text, nullable=False, server_default=""),
    Index(None, "study_instance_uid"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("sop_instance_uid", UID, ForeignKey("objects.sop_instance_uid"), primary_key=True),
    Column("destination", NAME, primary_key=True),
    Column("study_instance_uid", UID, ForeignKey("studies.study_instance_uid"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("proof", String(32), nullable=False),
    Column("detail", Text, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index(None, "study_instance_uid"),
    Index(None, "updated_at"),
)

commitment_requests = Table(
    "commitment_requests",
    metadata,
    Column("transaction_uid", UID, primary_key=True),
    Column("study_instance_uid", UID, ForeignKey("studies.study_instance_uid"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("destination", NAME, nullable=False),
    Column("references", JSON, nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    # When the PACS has reported, or has refused the request.
    Column("ended_at", UtcDateTime),
    Column("reason", Text, nullable=False),
    Index(None, "study_instance_uid"),
)

leases = Table(
    "leases",
    metadata,
    Column("study_instance_uid", UID, ForeignKey("studies.study_instance_uid"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    # What its messages call it, such as `inference.us-mass`, `report`, `delivery.pacs`.
    Column("work", String(128), primary_key=True),
    Column("token", Integer, nullable=False),
    Column("strikes", Integer, nullable=False),
    Column("is_held", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", UtcDateTime),
    Column("dead_at", UtcDateTime),
    Index(None, "dead_at"),
)

# What people say of results; rows are added, never changed but for the object that tells of them.
assessments = Table(
    "assessments",
    metadata,
    Column("id", COUNTER, primary_key=True),
    Column("study_instance_uid", UID, ForeignKey("studies.study_instance_uid"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("classifier", NAME, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("category", String(2), nullable=False),
    Column("comment", Text, nullable=False),
    Column("assessed_by", String(64), nullable=False),
    Column("assessed_at", UtcDateTime, nullable=False),
    # Empty until the object that tells of it is written.
    Column("sop_instance_uid", UID, nullable=False),
    Index(None, "study_instance_uid"),
    Index(None, "assessed_at"),
)

promotions = Table(
    "promotions",
    metadata,
    Column("id", COUNTER, primary_key=True),
    Column("promoted", NAME, nullable=False),
    Column("demoted", NAME, nullable=False),
    Column("promoted_by", String(64), nullable=False),
    Column("promoted_at", UtcDateTime, nullable=False),
    Column("report", JSON, nullable=False),  # the comparison at that moment
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", COUNTER, primary_key=True),
    Column("message_id", String(36), nullable=False, unique=True),
    Column("queue", String(255), nullable=False),
    Column("body", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # Seconds since 1970: leases are compared often and never shown.
    Column("available_at", Float, nullable=False),
    Column("lease_owner", String(64)),
    Column("attempts", Integer, nullable=False, default=0),
    Column("reason", Text, nullable=False, default=""),
    Column("dead", Boolean, nullable=False, default=False),
    Index(None, "queue", "dead", "available_at"),
)
