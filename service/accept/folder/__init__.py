"""A watched folder: another way in."""
