"""Alembic's entry: runs the migrations on the connection that migrate.py hands over."""

from alembic import context

from service.storage.ledger.schema import access as _others  # noqa: F401 - its tables are in the same metadata
from service.storage.ledger.schema import few as _few  # noqa: F401 - and its indexes
from service.storage.ledger.schema.tables import studies

context.configure(connection=context.config.attributes["connection"], target_metadata=studies.metadata)
context.run_migrations()
