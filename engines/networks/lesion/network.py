"""Lesion and class from one pass: where the lesion is decides where the head looks."""

import torch
from torch import nn
from torch.nn import functional

from engines.networks.lesion.pyramid import Pyramid, mobilenet_v2
from engines.networks.network import ClassifierNetwork, mean_over_space

_SMALL = 1e-4


class LesionNetwork(ClassifierNetwork):
    """Gray images float32 (n, 1, size, size) in 0..1 to logits (n, 2); `size` a multiple of 32.

    A decoder (U-Net, Ronneberger 2015) brings the pyramid together again; its finest maps give the lesion,
    those of a sixteenth of the side are judged.
    """

    def __init__(self, pyramid: Pyramid, width: int = 192, dropout: float = 0.3) -> None:
        super().__init__(pyramid, LesionHead(width, dropout))
        quarter, eighth, sixteenth, last = pyramid.channels
        self.deepest = _block(last, width, 1)
        self.judged = _block(width + sixteenth, width, 3)
        self.finer = _block(width + eighth, width // 2, 3)
        self.finest = _block(width // 2 + quarter, width // 4, 3)
        self.lesion = nn.Conv2d(width // 4, 1, 1)

    def blocks(self) -> list[nn.Module]:
        """Those of the pyramid's parts."""
        return [block for part in self.features.parts for block in part.children()]

    def both(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Maps for the head, (n, width + 1, size / 16, size / 16), the last of which says where the lesion
        is; and the lesion's logits (n, 1, size / 4, size / 4).
        """
        quarter, eighth, sixteenth, last = self.features(self.normalize(images))
        judged = self.judged(torch.cat([_twice(self.deepest(last)), sixteenth], 1))
        finer = self.finer(torch.cat([_twice(judged), eighth], 1))
        lesion = self.lesion(self.finest(torch.cat([_twice(finer), quarter], 1)))
        return torch.cat([judged, _around(lesion)], 1), lesion

    def maps(self, images: torch.Tensor) -> torch.Tensor:
        """The maps for the head."""
        return self.both(images)[0]


class LesionHead(nn.Module):  # type: ignore[misc]
    """The maps' mean over the lesion beside their mean over the image, then a linear layer.

    `birads` learns the radiologists' category from the same means; only training uses it.
    """

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(2 * width, 2)
        self.birads = nn.Linear(2 * width, 3)

    def means(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps (n, width + 1, h, w) to (n, 2 * width)."""
        judged, where = maps[:, :-1], maps[:, -1:]
        share = where / (where.sum((2, 3), keepdim=True) + _SMALL)
        return torch.cat([(judged * share).sum((2, 3)), mean_over_space(judged)], 1)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Logits (n, 2), benign then malignant."""
        return self.linear(self.dropout(self.means(maps)))

    def heatmap(self, maps: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
        """What each place adds to the class, (n, h, w), 0 or more (HiResCAM, Draelos 2020).

        Grad-CAM's mean gradient would forget that places outside the lesion hardly count.
        """
        return torch.relu((gradient * maps)[:, :-1].sum(1))


def lesion_mobilenet_v2(weights: str | None, dropout: float = 0.3) -> LesionNetwork:
    """Build the network; `weights` of MobileNetV2 as in `weights.read_state`, None for random ones.

    224 px give maps of 14 x 14 and a lesion of 56 x 56; the embedding has 193 values.
    """
    return LesionNetwork(mobilenet_v2(weights), dropout=dropout)


def _around(lesion: torch.Tensor) -> torch.Tensor:
    """The lesion's probability in a sixteenth, with a cell around it: its margin tells most."""
    return functional.max_pool2d(functional.avg_pool2d(torch.sigmoid(lesion), 4), 3, stride=1, padding=1)


def _block(channels: int, width: int, kernel: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels, width, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(width), nn.ReLU()
    )


def _twice(maps: torch.Tensor) -> torch.Tensor:
    return functional.interpolate(maps, scale_factor=2.0, mode="bilinear", align_corners=False)
