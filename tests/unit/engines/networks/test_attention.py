import torch
from torch import nn

from engines.networks.attention import SelfAttention


def test_attention_is_pytorch_s_own_for_the_same_weights() -> None:
    torch.manual_seed(0)
    source = nn.MultiheadAttention(24, 3, batch_first=True).eval().requires_grad_(False)
    source.in_proj_bias.normal_()
    source.out_proj.bias.normal_()
    tokens = torch.randn(2, 7, 24)
    attention = SelfAttention(source)
    expected, _ = source(tokens, tokens, tokens, need_weights=False)
    torch.testing.assert_close(attention(tokens), expected)
    assert attention.state_dict().keys() == source.state_dict().keys()
