"""What leaves store and ledger after its time: images, then whole studies; never anything undelivered."""
