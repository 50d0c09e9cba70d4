"""ViT-B/16 (Dosovitskiy 2021, torchvision's): patch tokens as maps.

An attention network has no last convolution. Its equivalent here: the tokens after the last block and
its norm, put back on the grid of patches. The class token takes part in attention but is no place of
the image: it is left out of the maps, and the logits come from the mean patch token (as in Zhai 2022)
so that the gradient reaches the patches. The embedding is that mean token.
"""

from typing import Any

import torch
from torch import nn

from engines.errors import RecipeError
from engines.networks.attention import SelfAttention
from engines.networks.backbone import load_backbone
from engines.networks.network import ClassifierNetwork, MeanHead
from engines.networks.torchvision_ops import define_missing_operators

_CHANNELS = 768
_SIZE = 224
_GRID = 14


class Tokens(nn.Module):  # type: ignore[misc]
    """Images (n, 3, 224, 224) to tokens (n, 197, 768): the class token, then the patches by rows."""

    def __init__(self, backbone: Any) -> None:
        super().__init__()
        self.patches = backbone.conv_proj
        self.class_token = backbone.class_token
        self.position = backbone.encoder.pos_embedding

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Raises RecipeError for another size: there is one position embedding per patch."""
        if tuple(images.shape[2:]) != (_SIZE, _SIZE):
            raise RecipeError(
                f"images of shape {tuple(images.shape[2:])} where {_SIZE} x {_SIZE} pixels are expected; "
                f"set the recipe's size to {_SIZE}"
            )
        patches = self.patches(images).flatten(2).transpose(1, 2)
        class_token = self.class_token.expand(patches.shape[0], -1, -1)
        return torch.cat((class_token, patches), dim=1) + self.position


class Block(nn.Module):  # type: ignore[misc]
    """torchvision's encoder block with our attention; the weights' names are the same. Without dropout."""

    def __init__(self, block: Any) -> None:
        super().__init__()
        self.ln_1 = block.ln_1
        self.self_attention = SelfAttention(block.self_attention)
        self.ln_2 = block.ln_2
        self.mlp = block.mlp

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Tokens (n, 197, 768) to the same shape."""
        tokens = tokens + self.self_attention(self.ln_1(tokens))
        return tokens + self.mlp(self.ln_2(tokens))


class PatchMaps(nn.Module):  # type: ignore[misc]
    """Tokens (n, 197, 768) to maps (n, 768, 14, 14), after the encoder's last norm."""

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Drops the class token, which is the first."""
        return self.norm(tokens)[:, 1:].transpose(1, 2).unflatten(2, (_GRID, _GRID))


def vit_b_16(weights: str | None, dropout: float = 0.0) -> ClassifierNetwork:
    """Build the network; `weights` as in `weights.read_state`, None for random ones.

    Takes 224 px only, which give maps of 14 x 14; the embedding has 768 values.
    """
    define_missing_operators()
    from torchvision.models import vit_b_16 as build

    backbone = build(weights=None)
    load_backbone(backbone, weights, without=("heads.",))
    encoder = backbone.encoder
    blocks = [Block(block) for block in encoder.layers]
    features = nn.Sequential(Tokens(backbone), *blocks, PatchMaps(encoder.ln))
    return ClassifierNetwork(features, MeanHead(_CHANNELS, dropout))
