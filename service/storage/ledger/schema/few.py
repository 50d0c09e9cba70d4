"""What is few, however long the history is: conditions on rows, each with an index of these rows alone.

An index serves a query that repeats its condition word for word: what is said by a parameter is not known yet
when PostgreSQL plans a prepared statement. Each condition is for a query of its one table. `state || ''`
keeps SQLite, which does not know what is rare, from looking up a state that nearly all studies have.
"""

from sqlalchemy import Column, Index, TextClause, text

from service.storage.ledger.schema.tables import analyses, commitments, deliveries, leases, studies

IS_OPEN = text("state IN ('waiting', 'sent')")
"""Deliveries that are not proven."""
IS_HELD = text("is_held")
"""Leases of work that some process is at."""
IS_QUEUED = text("state = 'queued'")
"""Analyses that have not ended."""
IS_SHADOW = text("shadow")
"""Analyses that are kept and compared. Those that are not must not be in an index on this: SQLite would take
it for those of one study, and read the whole history.
"""
IS_UNANSWERED = text("answered_at IS NULL")
"""Requests for storage commitment that peers have no report of."""
IS_URGENT = text("priority = 'urgent'")
"""Studies. Those that were urgent stay so; they are few beside the others."""
IS_DONE = text("state || '' IN ('delivered', 'not_analysed', 'prior', 'kept')")
"""Studies of which nobody waits for anything. They are many: what is few are those that are old enough."""
HAS_IMAGES = text(
    "state || '' = 'delivered' AND (images_removed_of IS NULL OR images_removed_of <> revision)"
)
"""Delivered studies whose images were not removed, as far as the study's row knows."""


def _index(name: str, condition: TextClause, *columns: Column[object]) -> Index:
    return Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


_index("ix_deliveries_open", IS_OPEN, deliveries.c.destination, deliveries.c.state, deliveries.c.updated_at)
_index("ix_leases_held", IS_HELD, leases.c.work)
_index("ix_analyses_queued", IS_QUEUED, analyses.c.queued_at)
_index("ix_analyses_in_shadow", IS_SHADOW, analyses.c.queued_at)
_index("ix_commitments_unanswered", IS_UNANSWERED, commitments.c.requested_at)
_index("ix_studies_urgent", IS_URGENT, studies.c.received_at)
_index("ix_studies_done", IS_DONE, studies.c.updated_at)
_index("ix_studies_with_images", HAS_IMAGES, studies.c.updated_at)
