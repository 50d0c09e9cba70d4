import torch

from engines.networks.explain import Explained
from tests.unit.engines.builders import CHANNELS, SIZE, seeded_network


def test_the_heatmap_is_grad_cam_as_autograd_computes_it() -> None:
    network = seeded_network()
    images = torch.rand(3, 1, SIZE, SIZE)
    logits, heatmap, embedding = Explained(network)(images)

    maps = network.maps(images).requires_grad_(True)
    expected_logits = network.head(maps)
    (gradient,) = torch.autograd.grad((expected_logits[:, 1] - expected_logits[:, 0]).sum(), maps)
    expected = torch.relu((gradient.mean((2, 3), keepdim=True) * maps).sum(1))

    torch.testing.assert_close(logits, expected_logits)
    torch.testing.assert_close(heatmap, expected)
    torch.testing.assert_close(embedding, maps.mean((2, 3)))
    assert embedding.shape == (3, CHANNELS)


def test_evidence_averages_to_the_logit_difference_less_the_bias() -> None:
    network = seeded_network()
    maps = network.maps(torch.rand(2, 1, SIZE, SIZE))
    logits = network.head(maps)
    bias = network.head.linear.bias[1] - network.head.linear.bias[0]
    torch.testing.assert_close(network.head.evidence(maps).mean((1, 2)) + bias, logits[:, 1] - logits[:, 0])
