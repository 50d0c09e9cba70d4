"""Architectures by the name that recipes and checkpoints use."""

from collections.abc import Callable

from engines.errors import RecipeError
from engines.networks.alexnet import alexnet
from engines.networks.densenet import densenet121
from engines.networks.efficientnet import efficientnet_b0
from engines.networks.inception import googlenet, inception_v3
from engines.networks.mobilenet_v2 import mobilenet_v2
from engines.networks.network import ClassifierNetwork
from engines.networks.resnet import resnet50, resnet50_cbam
from engines.networks.vgg import vgg16
from engines.networks.vit import vit_b_16

ARCHITECTURES: dict[str, Callable[[str | None, float], ClassifierNetwork]] = {
    "alexnet": alexnet,
    "densenet121": densenet121,
    "efficientnet_b0": efficientnet_b0,
    "googlenet": googlenet,
    "inception_v3": inception_v3,
    "mobilenet_v2": mobilenet_v2,
    "resnet50": resnet50,
    "resnet50_cbam": resnet50_cbam,
    "vgg16": vgg16,
    "vit_b_16": vit_b_16,
}


def build_network(architecture: str, weights: str | None, dropout: float = 0.0) -> ClassifierNetwork:
    """Build by name. Raises RecipeError for an unknown one, WeightsError for weights that do not load."""
    if architecture not in ARCHITECTURES:
        raise RecipeError(f"unknown architecture {architecture!r}; there are: {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[architecture](weights, dropout)
