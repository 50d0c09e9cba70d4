"""EfficientNet-B0 (Tan 2019, torchvision's), split at its last maps."""

from engines.networks.backbone import load_backbone
from engines.networks.network import ClassifierNetwork, MeanHead
from engines.networks.torchvision_ops import define_missing_operators

_CHANNELS = 1280


def efficientnet_b0(weights: str | None, dropout: float = 0.2) -> ClassifierNetwork:
    """Build the network; `weights` as in `weights.read_state`, None for random ones.

    224 px give maps of 7 x 7; the embedding has 1280 values.
    """
    define_missing_operators()
    from torchvision.models import efficientnet_b0 as build

    backbone = build(weights=None)
    load_backbone(backbone, weights, without=("classifier.",))
    return ClassifierNetwork(backbone.features, MeanHead(_CHANNELS, dropout))
