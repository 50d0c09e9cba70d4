"""MobileNetV2 (Sandler 2018, torchvision's), split at its last maps."""

from torch import nn

from engines.networks.network import ClassifierNetwork, MeanHead
from engines.networks.torchvision_ops import define_missing_operators
from engines.networks.weights import load_features

CHANNELS = 1280


def mobilenet_v2(weights: str | None, dropout: float = 0.2) -> ClassifierNetwork:
    """Build the network; `weights` as in `weights.read_state`, None for random ones.

    224 px give maps of 7 x 7; the embedding has 1280 values.
    """
    return ClassifierNetwork(mobilenet_v2_features(weights), MeanHead(CHANNELS, dropout))


def mobilenet_v2_features(weights: str | None) -> nn.Module:
    """Images (n, 3, h, w) to maps (n, CHANNELS, h / 32, w / 32)."""
    define_missing_operators()
    from torchvision.models import mobilenet_v2 as build

    features: nn.Module = build(weights=None).features
    if weights is not None:
        load_features(features, weights)
    return features
