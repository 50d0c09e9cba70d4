"""ResNet-50 (He 2016, torchvision's), plain and with CBAM, split at its last maps."""

from typing import Any

from torch import nn

from engines.networks.backbone import load_backbone
from engines.networks.cbam import add_cbam
from engines.networks.network import ClassifierNetwork, MeanHead
from engines.networks.torchvision_ops import define_missing_operators

CHANNELS = 2048


def resnet50(weights: str | None, dropout: float = 0.0) -> ClassifierNetwork:
    """Build the network; `weights` as in `weights.read_state`, None for random ones.

    224 px give maps of 7 x 7; the embedding has 2048 values.
    """
    return _split(_backbone(weights), dropout)


def resnet50_cbam(weights: str | None, dropout: float = 0.0) -> ClassifierNetwork:
    """As `resnet50`, with CBAM in every residual block (Woo 2018).

    `weights` are those of a plain ResNet-50: the attention starts from random ones.
    """
    backbone = _backbone(weights)
    add_cbam(backbone)
    return _split(backbone, dropout)


def _backbone(weights: str | None) -> Any:
    define_missing_operators()
    from torchvision.models import resnet50 as build

    backbone = build(weights=None)
    load_backbone(backbone, weights, without=("fc.",))
    return backbone


def _split(backbone: Any, dropout: float) -> ClassifierNetwork:
    pooling_and_classes = 2
    features = nn.Sequential(*list(backbone.children())[:-pooling_and_classes])
    return ClassifierNetwork(features, MeanHead(CHANNELS, dropout))
