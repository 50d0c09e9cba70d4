"""Scores by a network that is not exported yet."""

from collections.abc import Sequence

import torch

from engines.classifier import Score, score_of
from engines.evaluation.scoring import Classify
from engines.judgement import Calibration
from engines.networks.explain import Explained
from engines.networks.network import ImageNetwork
from engines.pair import Given, prepare_given, stacked

_AS_IT_IS = Calibration(slope=1.0, intercept=0.0)


def by_network(network: ImageNetwork, size: int) -> Classify:
    """A network that is not exported yet; its probabilities are not calibrated."""
    explained = Explained(network).eval()

    def classify(images: Sequence[Given]) -> list[Score]:
        prepared = [prepare_given(image, size) for image in images]
        batch = stacked([one.tensors for one in prepared])
        with torch.no_grad():
            answers = explained(*(torch.from_numpy(batch[name]) for name in network.inputs))
        outputs = {name: one.numpy() for name, one in zip(network.outputs, answers, strict=True)}
        return [
            score_of({name: values[index] for name, values in outputs.items()}, one.placement, _AS_IT_IS)
            for index, one in enumerate(prepared)
        ]

    return classify
