"""Finds the lesion, looks at it closely, and judges what it sees."""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from engines.networks.lesion.finder import Finder
from engines.networks.lesion.judge import Judge, shares_of
from engines.networks.lesion.pyramid import mobilenet_v2 as mobilenet_v2_pyramid
from engines.networks.lesion.view import Place, View, look, place_of, put_back, sure
from engines.networks.mobilenet_v2 import CHANNELS, mobilenet_v2_features
from engines.networks.network import ImageNetwork
from engines.spec import EMBEDDING, HEATMAP, LESION, LOGITS

FINDER_SIZE = 224
VIEW_SIZE = 160
VIEWS = tuple(View(margin, is_mirrored) for margin in (1.4, 2.0) for is_mirrored in (False, True))
"""One close, one with what is around it, and both in a mirror: their mean is steadier than one."""
_PLACE = 3
"""Further channels of the maps: where the lesion is. Before them, how much each view's places count."""


class LesionNetwork(ImageNetwork):
    """Gray images float32 (n, 1, size, size) in 0..1 to logits (n, 2).

    The finder sees the whole image, small; the judges see views of the lesion, cut from the image as large as
    it came. Their logits' mean counts. Beside the usual outputs there is where the lesion is, as
    probabilities (n, 1, 56, 56).
    """

    outputs = (LOGITS, HEATMAP, EMBEDDING, LESION)

    def __init__(self, finder: Finder, judges: Sequence[Judge]) -> None:
        super().__init__()
        self.finder = finder
        self.judges = nn.ModuleList(judges)
        self.head = LesionHead(judges)

    def part(self, learns: str) -> nn.Module:
        """The finder learns `lesion`, the only judge `class`."""
        return self.finder if learns == LESION else self.judges[0]

    def find(self, images: torch.Tensor) -> torch.Tensor:
        """The lesion's probability, (n, 1, FINDER_SIZE / 4, FINDER_SIZE / 4)."""
        small = functional.interpolate(
            images, (FINDER_SIZE, FINDER_SIZE), mode="bilinear", align_corners=False
        )
        return torch.sigmoid(self.finder(small))

    def maps_of_each(self, *images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Maps of every judge's views and the lesion's place, (n, channels, h, w); where the lesion is."""
        (whole,) = images
        lesion = self.find(whole)
        place = place_of(lesion)
        squares = [place.seen(view) for view in VIEWS]
        views = torch.cat([look(whole, square, VIEW_SIZE) for square in squares])
        maps = [_side_by_side(judge.maps(views)) for judge in self.judges]
        size = maps[0].shape[-1]
        shares = [shares_of(look(sure(lesion), square, VIEW_SIZE), size) for square in squares]
        where = torch.cat([place.middle, place.half], 1)[:, :, None, None].expand(-1, -1, size, size)
        return torch.cat([*maps, *shares, where], 1), lesion


class LesionHead(nn.Module):  # type: ignore[misc]
    """Every judge's answer to every view, and what in the whole image it comes from."""

    def __init__(self, judges: Sequence[Judge]) -> None:
        super().__init__()
        self.judges = tuple(judges)  # not a list of modules: the network has them already

    def forward(self, maps: torch.Tensor, lesion: torch.Tensor) -> torch.Tensor:
        """Mean logits (n, 2)."""
        return self.explained(maps, lesion)[0]

    def explained(self, maps: torch.Tensor, lesion: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Logits, heatmap, embedding, lesion. The heatmap is what each place adds to the class (CAM, Zhou
        2016), put back where the view was cut and as fine as the lesion; the embedding is the mean over
        judges and views.
        """
        ends = (-_PLACE - len(VIEWS), -_PLACE)
        shares = maps[:, ends[0] : ends[1]]
        by_view = maps[:, : ends[0]].unflatten(1, (len(self.judges), len(VIEWS), -1))
        means = torch.einsum("njvchw,nvhw->njvc", by_view, shares)
        weight = torch.stack([judge.linear.weight for judge in self.judges])
        bias = torch.stack([judge.linear.bias for judge in self.judges])
        logits = torch.einsum("njvc,jkc->nk", means, weight) / (len(self.judges) * len(VIEWS)) + bias.mean(0)
        spoken = torch.einsum("njvchw,jc->nvhw", by_view, weight[:, 1] - weight[:, 0]) / len(self.judges)
        return logits, self._heatmap(spoken, maps, lesion), means.mean((1, 2)), lesion

    def _heatmap(self, spoken: torch.Tensor, maps: torch.Tensor, lesion: torch.Tensor) -> torch.Tensor:
        """What each place says (n, views, h, w), times how much it counts: (n, size, size)."""
        where = maps[:, -_PLACE:, 0, 0]
        place = Place(where[:, :2], where[:, 2:])
        parts = [
            put_back(one[:, None], place.seen(view), lesion.shape[-1])
            for one, view in zip(spoken.unbind(1), VIEWS, strict=True)
        ]
        counts = shares_of(sure(lesion), lesion.shape[-1])
        return (torch.relu(torch.cat(parts, 1).mean(1, keepdim=True)) * counts)[:, 0]


def lesion_mobilenet_v2(weights: str | None, dropout: float = 0.3) -> LesionNetwork:
    """One finder and one judge; `weights` of MobileNetV2 as in `weights.read_state`, None for random ones.

    The embedding has 1280 values.
    """
    judge = Judge(mobilenet_v2_features(weights), CHANNELS, dropout)
    return LesionNetwork(Finder(mobilenet_v2_pyramid(weights)), [judge])


def ensemble(networks: Sequence[LesionNetwork], finder: Finder) -> LesionNetwork:
    """The judges of all networks behind one finder."""
    return LesionNetwork(finder, [judge for network in networks for judge in network.judges])


def _side_by_side(maps: torch.Tensor) -> torch.Tensor:
    """One view after the other, (views * n, channels, h, w), to (n, views * channels, h, w)."""
    return maps.unflatten(0, (len(VIEWS), -1)).transpose(0, 1).flatten(1, 2)
