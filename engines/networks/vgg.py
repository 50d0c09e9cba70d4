"""VGG-16 (Simonyan 2015, torchvision's), split at its last maps."""

from engines.networks.backbone import load_backbone
from engines.networks.linear_head import LinearHead
from engines.networks.network import ClassifierNetwork
from engines.networks.torchvision_ops import define_missing_operators

_MAPS = (512, 7, 7)


def vgg16(weights: str | None, dropout: float = 0.5) -> ClassifierNetwork:
    """Build the network; `weights` as in `weights.read_state`, None for random ones.

    Takes 224 px only: its linear layers fix the maps to 7 x 7. The embedding has 512 values.
    """
    define_missing_operators()
    from torchvision.models import vgg16 as build

    backbone = build(weights=None, dropout=dropout)
    load_backbone(backbone, weights, without=("classifier.6.",))
    return ClassifierNetwork(backbone.features, LinearHead(backbone.classifier, _MAPS))
