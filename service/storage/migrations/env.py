"""Alembic's entry: runs the migrations on the connection that migrate.py hands over."""

from alembic import context

from service.storage.schema import studies

context.configure(connection=context.config.attributes["connection"], target_metadata=studies.metadata)
context.run_migrations()
