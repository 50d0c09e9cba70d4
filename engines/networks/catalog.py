"""Architectures by the name that recipes and checkpoints use."""

from collections.abc import Callable

from engines.errors import RecipeError
from engines.networks.mobilenet_v2 import mobilenet_v2
from engines.networks.network import ClassifierNetwork

ARCHITECTURES: dict[str, Callable[[str | None, float], ClassifierNetwork]] = {"mobilenet_v2": mobilenet_v2}


def build_network(architecture: str, weights: str | None, dropout: float = 0.0) -> ClassifierNetwork:
    """Build by name. Raises RecipeError for an unknown one, WeightsError for weights that do not load."""
    if architecture not in ARCHITECTURES:
        raise RecipeError(f"unknown architecture {architecture!r}; there are: {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[architecture](weights, dropout)
