"""Self-attention (Vaswani 2017) in plain operators, with the weights of PyTorch's own.

PyTorch's `nn.MultiheadAttention` puts tokens before the batch and expands constants. Exported for a batch of
any size, that made ONNX Runtime warn of 1.4 GB in each block of ViT-B/16. Here the batch stays first.
"""

import torch
from torch import nn
from torch.nn import functional


class SelfAttention(nn.Module):  # type: ignore[misc]
    """softmax(q kᵀ / sqrt(d)) v in each head, then a linear layer over all heads; no dropout.

    Takes the weights of `source`, a batch-first `nn.MultiheadAttention`, and keeps their names.
    """

    def __init__(self, source: nn.MultiheadAttention) -> None:
        super().__init__()
        self.heads = source.num_heads
        self.in_proj_weight = source.in_proj_weight
        self.in_proj_bias = source.in_proj_bias
        self.out_proj = source.out_proj

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Tokens (n, t, c) to the same shape."""
        projected = functional.linear(tokens, self.in_proj_weight, self.in_proj_bias)
        query, key, value = (self._by_head(part) for part in projected.chunk(3, dim=2))
        scores = (query * query.shape[3] ** -0.5) @ key.transpose(2, 3)
        mixed = scores.softmax(dim=3) @ value
        return self.out_proj(mixed.transpose(1, 2).flatten(2))

    def _by_head(self, tokens: torch.Tensor) -> torch.Tensor:
        """Tokens (n, t, c) to (n, heads, t, d)."""
        return tokens.unflatten(2, (self.heads, -1)).transpose(1, 2)
