import pytest
import torch

from engines.networks.explain import Explained
from engines.networks.lesion.network import LesionNetwork
from engines.networks.lesion.pyramid import mobilenet_v2

SIZE = 64


@pytest.fixture
def network() -> LesionNetwork:
    torch.manual_seed(0)
    network = LesionNetwork(mobilenet_v2(None), width=32)
    network.eval()
    return network


def test_maps_halve_four_times() -> None:
    pyramid = mobilenet_v2(None).eval()
    maps = pyramid(torch.rand(1, 3, SIZE, SIZE))
    assert [tuple(one.shape[1:]) for one in maps] == [(24, 16, 16), (32, 8, 8), (96, 4, 4), (320, 2, 2)]
    assert pyramid.channels == (24, 32, 96, 320)


def test_lesion_has_a_quarter_of_the_side_and_logits_are_two(network: LesionNetwork) -> None:
    images = torch.rand(3, 1, SIZE, SIZE)
    maps, lesion = network.both(images)
    assert (maps.shape, lesion.shape) == ((3, 33, 4, 4), (3, 1, 16, 16))
    assert network(images).shape == (3, 2)


def test_the_head_looks_where_the_lesion_is(network: LesionNetwork) -> None:
    maps = torch.zeros(1, 33, 4, 4)
    maps[0, :32, 1, 1] = 5.0  # seen here
    maps[0, -1, 3, 3] = 1.0  # the lesion is there
    elsewhere = network.head.means(maps)[0, :32]
    maps[0, -1] = 0.0
    maps[0, -1, 1, 1] = 1.0
    there = network.head.means(maps)[0, :32]
    assert elsewhere.abs().max() == 0
    torch.testing.assert_close(there, torch.full((32,), 5.0), rtol=1e-3, atol=0)


def test_without_a_lesion_the_whole_image_is_judged(network: LesionNetwork) -> None:
    maps = torch.rand(1, 33, 4, 4)
    maps[:, -1] = 0.0
    means = network.head.means(maps)
    assert means[0, :32].abs().max() == 0
    torch.testing.assert_close(means[0, 32:], maps[0, :32].mean((1, 2)))


def test_the_heatmap_is_what_each_place_adds_to_the_class(network: LesionNetwork) -> None:
    """HiResCAM: gradient times map at each place. Grad-CAM would take the gradient's mean over all places."""
    maps = torch.rand(2, 33, 4, 4)
    gradient = torch.zeros_like(maps)
    difference = network.head.linear.weight[1] - network.head.linear.weight[0]
    of_lesion, of_image = difference[:32, None, None], difference[32:, None, None]
    gradient[:, :32] = (
        of_lesion * maps[:, -1:] / (maps[:, -1:].sum((2, 3), keepdim=True) + 1e-4) + of_image / 16
    )
    wanted = torch.relu((gradient[:, :32] * maps[:, :32]).sum(1))

    _, heatmap, _ = Explained(network).explanation(maps)

    assert wanted.max() > 0
    torch.testing.assert_close(heatmap, wanted)
