"""Work that worklist managers offer: claimed, done, and ended with what came of it."""
