"""DenseNet-121 (Huang 2017, torchvision's), split at its last maps."""

from torch import nn

from engines.networks.backbone import load_backbone
from engines.networks.network import ClassifierNetwork, MeanHead
from engines.networks.torchvision_ops import define_missing_operators

_CHANNELS = 1024


def densenet121(weights: str | None, dropout: float = 0.0) -> ClassifierNetwork:
    """Build the network; `weights` as in `weights.read_state`, None for random ones.

    224 px give maps of 7 x 7; the embedding has 1024 values.
    """
    define_missing_operators()
    from torchvision.models import densenet121 as build

    backbone = build(weights=None)
    load_backbone(backbone, weights, without=("classifier.",))
    features = nn.Sequential(*backbone.features, nn.ReLU())
    return ClassifierNetwork(features, MeanHead(_CHANNELS, dropout))
