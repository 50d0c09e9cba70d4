"""Where bytes and states live: instance store and ledger."""
