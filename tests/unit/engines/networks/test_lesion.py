import copy

import pytest
import torch

from engines.networks.explain import Explained
from engines.networks.lesion.finder import Finder
from engines.networks.lesion.judge import shares_of
from engines.networks.lesion.network import VIEWS, LesionNetwork, ensemble, lesion_mobilenet_v2
from engines.networks.lesion.pyramid import mobilenet_v2
from engines.networks.lesion.view import Place, View, look, place_of, put_back, sure

SIZE = 64


@pytest.fixture(scope="module")
def network() -> LesionNetwork:
    torch.manual_seed(0)
    network = lesion_mobilenet_v2(None)
    network.eval()
    return network


def disc(x: float, y: float, radius: float, size: int = 128) -> torch.Tensor:
    places = (torch.arange(size) * 2 + 1) / size - 1
    return (((places - x) ** 2 + (places[:, None] - y) ** 2) < radius**2).float()[None, None]


def test_maps_halve_four_times() -> None:
    pyramid = mobilenet_v2(None).eval()
    maps = pyramid(torch.rand(1, 3, SIZE, SIZE))
    assert [tuple(one.shape[1:]) for one in maps] == [(24, 16, 16), (32, 8, 8), (96, 4, 4), (320, 2, 2)]
    assert pyramid.channels == (24, 32, 96, 320)


def test_the_lesion_has_a_quarter_of_the_side() -> None:
    finder = Finder(mobilenet_v2(None), width=32).eval()
    assert finder(torch.rand(3, 1, SIZE, SIZE)).shape == (3, 1, 16, 16)


def test_a_place_is_the_square_that_holds_the_lesion() -> None:
    place = place_of(torch.cat([disc(0.4, -0.3, 0.2), disc(0.0, 0.0, 0.5)]))
    torch.testing.assert_close(place.middle, torch.tensor([[0.4, -0.3], [0.0, 0.0]]), atol=0.01, rtol=0)
    torch.testing.assert_close(place.half, torch.tensor([[0.2], [0.5]]), atol=0.02, rtol=0)


def test_pixels_that_hardly_seem_to_be_lesion_do_not_move_it() -> None:
    lesion = disc(0.4, -0.3, 0.2)
    noisy = torch.maximum(lesion, torch.rand(lesion.shape) * 0.45)
    torch.testing.assert_close(place_of(noisy).middle, place_of(lesion).middle)


def test_without_a_lesion_the_place_is_the_whole_image() -> None:
    place = place_of(torch.full((1, 1, 32, 32), 0.1))
    assert place.middle.abs().max() < 1e-4
    assert 1.0 < place.half < 1.2


@pytest.mark.parametrize("is_mirrored", [False, True])
def test_what_is_put_back_lies_where_it_was_seen(is_mirrored: bool) -> None:
    image = disc(0.45, -0.25, 0.08)
    at = Place(torch.tensor([[0.4, -0.3]]), torch.tensor([[0.2]])).seen(View(2.0, is_mirrored))
    seen = look(image, at, 160)
    back = put_back(seen, at, 128)
    inside = (seen[0, 0] > 0.5).nonzero().float().mean(0) / 80 - 1
    assert inside[1].item() == pytest.approx(-0.125 if is_mirrored else 0.125, abs=0.03)
    assert (back - image).abs().mean() < 0.003


def test_the_answer_is_the_mean_over_judges_and_views(network: LesionNetwork) -> None:
    other = copy.deepcopy(network)
    torch.nn.init.normal_(other.judges[0].linear.weight)
    both = ensemble([network, other], network.finder).eval()
    images = torch.rand(3, 1, 96, 96)
    with torch.no_grad():
        torch.testing.assert_close(both(images), (network(images) + other(images)) / 2, rtol=1e-4, atol=1e-4)
        place = place_of(network.find(images))
        lesion = network.find(images)
        squares = [place.seen(view) for view in VIEWS]
        views = [network.judges[0](look(images, at, 160), look(sure(lesion), at, 160))[0] for at in squares]
        torch.testing.assert_close(network(images), torch.stack(views).mean(0), rtol=1e-4, atol=1e-4)


def test_the_heatmap_is_within_the_widest_view_and_lesion_and_embedding_come_with_it(
    network: LesionNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        network, "find", lambda images: disc(0.5, 0.5, 0.12, 56).expand(len(images), -1, -1, -1)
    )
    torch.nn.init.uniform_(network.judges[0].linear.weight[1], 0.1, 1.0)
    with torch.no_grad():
        logits, heatmap, embedding, lesion = Explained(network)(torch.rand(2, 1, 96, 96))
    assert [tuple(one.shape) for one in (logits, heatmap, embedding, lesion)] == [
        (2, 2),
        (2, 56, 56),
        (2, 1280),
        (2, 1, 56, 56),
    ]
    assert heatmap.max() > 0
    assert heatmap[:, :28, :28].max() == 0  # far from the lesion nothing was looked at
    on_it = disc(0.5, 0.5, 0.12, 56)[0, 0] > 0
    assert heatmap[:, on_it].sum() > 0.5 * heatmap.sum()


def test_a_judge_takes_its_answer_from_the_lesion(network: LesionNetwork) -> None:
    lesion = torch.zeros(1, 1, 160, 160)
    lesion[..., 64:96, 64:96] = 1.0  # the middle one of 5 x 5 places
    shares = shares_of(lesion, 5)
    assert shares.sum() == pytest.approx(1.0)
    assert shares[0, 0, 2, 2] > 0.6
    nothing = shares_of(torch.zeros(1, 1, 160, 160), 5)
    torch.testing.assert_close(nothing, torch.full((1, 1, 5, 5), 0.04))


def test_a_network_and_its_copy_share_nothing(network: LesionNetwork) -> None:
    """The head holds the judges without being their owner: a copy must hold its own."""
    other = copy.deepcopy(network)
    assert other.head.judges[0] is other.judges[0]
    assert other.head.judges[0] is not network.judges[0]
    assert not any(name.startswith("head") for name in network.state_dict())
