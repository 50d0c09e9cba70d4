"""The ledger's tables in the database, their indexes and migrations."""
