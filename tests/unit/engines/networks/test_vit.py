import torch
from torch import nn

from engines.networks.torchvision_ops import define_missing_operators
from engines.networks.vit import Block, PatchMaps, Tokens


def test_the_maps_are_torchvision_s_patch_tokens_by_rows() -> None:
    define_missing_operators()
    from torchvision.models import VisionTransformer

    torch.manual_seed(0)
    small = VisionTransformer(
        image_size=224, patch_size=16, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=32
    ).eval()
    expected: list[torch.Tensor] = []
    small.encoder.register_forward_hook(lambda _, __, tokens: expected.append(tokens))
    images = torch.rand(2, 3, 224, 224)
    features = nn.Sequential(
        Tokens(small), *(Block(block) for block in small.encoder.layers), PatchMaps(small.encoder.ln)
    )

    with torch.no_grad():
        small(images)
        maps = features(images)

    assert maps.shape == (2, 16, 14, 14)
    torch.testing.assert_close(maps[:, :, 3, 5], expected[0][:, 1 + 3 * 14 + 5])
