import torch
from torch import nn

from engines.networks.cbam import ChannelAttention, SpatialAttention
from engines.networks.resnet import resnet50_cbam


def test_channel_attention_scales_whole_channels_by_less_than_one() -> None:
    torch.manual_seed(0)
    maps = torch.rand(2, 32, 5, 5) + 0.1
    scale = ChannelAttention(32)(maps) / maps
    torch.testing.assert_close(scale, scale[:, :, :1, :1].expand_as(scale))
    assert 0 < scale.min() < scale.max() < 1


def test_channel_attention_looks_at_mean_and_maximum() -> None:
    torch.manual_seed(0)
    attention = ChannelAttention(32)
    maps = torch.rand(1, 32, 4, 4)
    mean, largest = maps.mean((2, 3)), maps.amax((2, 3))
    scale = torch.sigmoid(attention.mlp(mean) + attention.mlp(largest))
    torch.testing.assert_close(attention(maps), maps * scale[..., None, None])


def test_spatial_attention_scales_all_channels_of_a_place_alike() -> None:
    torch.manual_seed(0)
    maps = torch.rand(2, 8, 9, 9) + 0.1
    scale = SpatialAttention()(maps) / maps
    torch.testing.assert_close(scale, scale[:, :1].expand_as(scale))
    assert 0 < scale.min() < scale.max() < 1


def test_every_residual_block_has_attention_before_the_sum() -> None:
    network = resnet50_cbam(None)
    branches = [block.bn3 for layer in network.features[4:] for block in layer]
    assert len(branches) == 16
    for branch in branches:
        assert [type(part) for part in branch] == [nn.BatchNorm2d, ChannelAttention, SpatialAttention]
