"""Studies are found by words and facets, and by when something of them was written"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from service.storage.ledger.tables.search_terms import HEADER, RESULT, newest_scores, term_rows
from service.study.model import StudyHeader
from service.study.search import header_terms, result_terms

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_STUDIES_AT_ONCE = 500


def upgrade() -> None:
    """Forward only: the ledger is never taken back a version."""
    op.create_table(
        "search_terms",
        sa.Column("study_instance_uid", sa.String(64), nullable=False),
        sa.Column(
            "term",
            sa.String(128).with_variant(postgresql.VARCHAR(128, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("origin", sa.String(8), nullable=False),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_instance_uid"],
            ["studies.study_instance_uid"],
            name=op.f("fk_search_terms_study_instance_uid"),
        ),
        sa.PrimaryKeyConstraint("study_instance_uid", "term", "origin", name=op.f("pk_search_terms")),
    )
    _enter_all(op.get_bind())
    op.add_column("studies", sa.Column("changed_at", sa.DateTime()))
    for table, columns in (
        ("search_terms", ("term", "received_at", "study_instance_uid")),
        ("studies", ("state", "received_at")),
        ("studies", ("changed_at",)),
        ("analyses", ("finished_at",)),
        ("deliveries", ("updated_at",)),
        ("assessments", ("assessed_at",)),
    ):
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))


def _enter_all(connection: sa.Connection) -> None:
    """The terms of the studies that are there."""
    tables = sa.MetaData()
    tables.reflect(connection, only=["studies", "analyses", "search_terms"])
    studies, terms = tables.tables["studies"], tables.tables["search_terms"]
    last = ""
    while True:
        rows = connection.execute(
            sa.select(studies)
            .where(studies.c.study_instance_uid > last)
            .order_by(studies.c.study_instance_uid)
            .limit(_STUDIES_AT_ONCE)
        ).all()
        if not rows:
            return
        last = rows[-1].study_instance_uid
        results = _results(connection, tables.tables["analyses"], [row.study_instance_uid for row in rows])
        entered = [
            term
            for row in rows
            for origin, found in (
                (HEADER, header_terms(_header(row))),
                (RESULT, result_terms(newest_scores(results.get(row.study_instance_uid, ())).values())),
            )
            for term in term_rows(row.study_instance_uid, row.received_at, origin, found)
        ]
        if entered:
            connection.execute(terms.insert(), entered)


def _header(row: sa.Row) -> StudyHeader:  # type: ignore[type-arg]
    return StudyHeader(
        patient_name=row.patient_name,
        patient_id=row.patient_id,
        accession_number=row.accession_number,
        modalities=tuple(row.modalities),
    )


def _results(connection: sa.Connection, analyses: sa.Table, uids: list[str]) -> dict[str, list[sa.Row]]:  # type: ignore[type-arg]
    """The analyses of each study, the oldest revision first."""
    rows = connection.execute(
        sa.select(analyses)
        .where(analyses.c.study_instance_uid.in_(uids), ~analyses.c.shadow)
        .order_by(analyses.c.revision)
    )
    found: dict[str, list[sa.Row]] = {}  # type: ignore[type-arg]
    for row in rows:
        found.setdefault(row.study_instance_uid, []).append(row)
    return found
