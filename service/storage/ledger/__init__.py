"""The ledger: the state of every study, and everything that must not be lost beside pixels."""
