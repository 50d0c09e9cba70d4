"""What is asked of the ledger across its tables, bounded however long the history is."""
