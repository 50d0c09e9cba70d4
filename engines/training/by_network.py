"""Scores by a network that is not exported yet."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from engines.classifier import Score, score_of
from engines.evaluation.scoring import Classify
from engines.judgement import Calibration
from engines.networks.explain import Explained
from engines.networks.network import ImageNetwork
from engines.preprocess import prepare

_AS_IT_IS = Calibration(slope=1.0, intercept=0.0)


def by_network(network: ImageNetwork, size: int) -> Classify:
    """A network that is not exported yet; its probabilities are not calibrated."""
    explained = Explained(network).eval()

    def classify(images: Sequence[NDArray[np.uint8]]) -> list[Score]:
        prepared = [prepare(image, size) for image in images]
        with torch.no_grad():
            answers = explained(torch.from_numpy(np.stack([one.tensor for one in prepared])))
        outputs = {name: one.numpy() for name, one in zip(network.outputs, answers, strict=True)}
        return [
            score_of({name: values[index] for name, values in outputs.items()}, one.placement, _AS_IT_IS)
            for index, one in enumerate(prepared)
        ]

    return classify
