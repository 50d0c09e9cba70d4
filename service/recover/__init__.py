"""After a loss: the ledger made again from the instance store, and both compared."""
