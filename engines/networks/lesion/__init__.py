"""A network that finds the lesion and judges it: pyramid, finder, and a head that looks there."""
