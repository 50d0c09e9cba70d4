"""The GPU that a plan is for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gpu:
    """`name` as the driver gives it; `compute_capability` such as "9.0"."""

    name: str
    compute_capability: str


ANY_GPU = Gpu("any", "any")
"""For plans that are built where no GPU is and run on every GPU that the flavour supports."""
