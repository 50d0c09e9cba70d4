"""`preread ledger`: tables, loss and backup of the database."""
