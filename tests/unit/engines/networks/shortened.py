"""Networks without what only repeats: a graph's price is the number of its modules."""

from typing import Any

from torch import nn

from engines.networks.catalog import ARCHITECTURES, VOLUMES
from engines.networks.densenet_3d import densenet121_3d
from engines.networks.network import ClassifierNetwork, MeanHead
from engines.networks.torchvision_ops import define_missing_operators
from engines.networks.vit import Block

EVERY = ARCHITECTURES | VOLUMES
ALIKE = 2
"""So many stay of the blocks that give maps as they take them."""
NARROW = 64
"""Channels between the linear layers of AlexNet and VGG-16, of 4096."""
DENSE_LAYERS = (2, 2, 2, 2)
DENSE_LAYERS_3D = (2, 4, 6, 4)


def shortened(name: str) -> Any:
    """The architecture with at least one of every kind of block that it has, and random weights."""
    if name == "densenet121_3d":
        return densenet121_3d(None, blocks=DENSE_LAYERS_3D)
    if name == "densenet121":
        return _densenet()
    network: Any = EVERY[name](None, 0.0)
    if name in ("alexnet", "vgg16"):
        _narrow(network.head.layers)
    _drop_repeats(network)
    return network


def _densenet() -> ClassifierNetwork:
    define_missing_operators()
    from torchvision.models import DenseNet

    backbone = DenseNet(block_config=DENSE_LAYERS)
    channels = backbone.classifier.in_features
    return ClassifierNetwork(nn.Sequential(*backbone.features, nn.ReLU()), MeanHead(channels, 0.0))


def _narrow(layers: nn.Sequential) -> None:
    first, middle, last = (index for index, layer in enumerate(layers) if isinstance(layer, nn.Linear))
    layers[first] = nn.Linear(layers[first].in_features, NARROW)
    layers[middle] = nn.Linear(NARROW, NARROW)
    layers[last] = nn.Linear(NARROW, layers[last].out_features)


def _drop_repeats(network: nn.Module) -> None:
    stay = 0
    for part in [one for one in network.modules() if isinstance(one, nn.Sequential)]:
        for place, block in enumerate(part):
            if not _adds_to_what_it_takes(block):
                continue
            stay += 1
            if stay > ALIKE:
                part[place] = nn.Identity()


def _adds_to_what_it_takes(block: nn.Module) -> bool:
    """Of torchvision's ResNet; of its MobileNetV2 and EfficientNet; ours of ViT."""
    if type(block).__name__ == "Bottleneck":
        return block.downsample is None
    return getattr(block, "use_res_connect", isinstance(block, Block))
