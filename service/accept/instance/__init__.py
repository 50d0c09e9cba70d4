"""One instance on its way in: looked at, bounded, answered."""
