"""Architectures by the name that recipes and checkpoints use."""

from collections.abc import Callable

from engines.errors import RecipeError
from engines.networks.densenet import densenet121
from engines.networks.densenet_3d import densenet121_3d
from engines.networks.efficientnet import efficientnet_b0
from engines.networks.fusion import fusion_resnet50_cbam
from engines.networks.inception import googlenet, inception_v3
from engines.networks.lesion.network import lesion_mobilenet_v2
from engines.networks.linear_head import alexnet, vgg16
from engines.networks.mobilenet_v2 import mobilenet_v2
from engines.networks.network import ClassifierNetwork, ImageNetwork
from engines.networks.resnet import resnet50, resnet50_cbam
from engines.networks.vit import vit_b_16

ARCHITECTURES: dict[str, Callable[[str | None, float], ImageNetwork]] = {
    "alexnet": alexnet,
    "densenet121": densenet121,
    "efficientnet_b0": efficientnet_b0,
    "fusion_resnet50_cbam": fusion_resnet50_cbam,
    "googlenet": googlenet,
    "inception_v3": inception_v3,
    "lesion_mobilenet_v2": lesion_mobilenet_v2,
    "mobilenet_v2": mobilenet_v2,
    "resnet50": resnet50,
    "resnet50_cbam": resnet50_cbam,
    "vgg16": vgg16,
    "vit_b_16": vit_b_16,
}
"""Those that take one gray image, or two of one patient: what recipes train."""

VOLUMES: dict[str, Callable[[str | None, float], ClassifierNetwork]] = {"densenet121_3d": densenet121_3d}
"""Those that take a volume: recipes have no data of this form."""


def build_network(architecture: str, weights: str | None, dropout: float = 0.0) -> ImageNetwork:
    """Build one that takes images. Raises RecipeError for another, WeightsError for weights that
    do not load.
    """
    if architecture in VOLUMES:
        raise RecipeError(
            f"architecture {architecture!r} takes a volume, and recipes train on images; "
            f"choose one of: {', '.join(ARCHITECTURES)}; or train it elsewhere and export it with "
            "engines.export.export_network"
        )
    if architecture not in ARCHITECTURES:
        raise RecipeError(f"unknown architecture {architecture!r}; there are: {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[architecture](weights, dropout)
