"""AlexNet (Krizhevsky 2014, torchvision's), split at its last maps."""

from engines.networks.backbone import load_backbone
from engines.networks.linear_head import LinearHead
from engines.networks.network import ClassifierNetwork
from engines.networks.torchvision_ops import define_missing_operators

_MAPS = (256, 6, 6)


def alexnet(weights: str | None, dropout: float = 0.5) -> ClassifierNetwork:
    """Build the network; `weights` as in `weights.read_state`, None for random ones.

    Takes 224 px only: its linear layers fix the maps to 6 x 6. The embedding has 256 values.
    """
    define_missing_operators()
    from torchvision.models import alexnet as build

    backbone = build(weights=None, dropout=dropout)
    load_backbone(backbone, weights, without=("classifier.6.",))
    return ClassifierNetwork(backbone.features, LinearHead(backbone.classifier, _MAPS))
