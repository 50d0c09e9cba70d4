"""The parts of a transaction: one class for each table, or for few that belong together."""
