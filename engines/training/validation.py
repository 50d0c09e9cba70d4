"""How well a network does after an epoch, on what it has not learnt from."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from engines.evaluation.arrays import Scores
from engines.evaluation.auc import auc
from engines.networks.lesion.network import LesionNetwork
from engines.networks.network import ImageNetwork
from engines.training.batches import plain_batches
from engines.training.pictures import Pictures
from engines.training.recipe import LESION, Stage

_BATCH = 16
_FOUND = 0.5
"""Probability from which on a pixel is the lesion."""


@dataclass(frozen=True, slots=True)
class Validation:
    """`measure` is `AUC` or `Dice`; more is better."""

    measure: str
    value: float


def validated(network: ImageNetwork, pictures: Pictures, stage: Stage) -> Validation:
    """What the stage taught, measured."""
    if stage.learns == LESION and isinstance(network, LesionNetwork):
        return Validation("Dice", float(np.mean(dice_of_each(network, pictures))))
    labels = pictures.label.cpu().numpy()
    return Validation("AUC", auc(logit_differences(network, pictures), labels))


def logit_differences(network: ImageNetwork, pictures: Pictures) -> Scores:
    """Malignant minus benign logit of each picture, float64 (n,)."""
    network.eval()
    with torch.no_grad():
        logits = [network(*batch.inputs) for batch in plain_batches(pictures, _BATCH)]
    both = torch.cat(logits).double().cpu().numpy()
    return np.asarray(both[:, 1] - both[:, 0], dtype=np.float64)


def dice_of_each(network: LesionNetwork, pictures: Pictures) -> Scores:
    """Dice of the lesion that is found and the mask, 0..1, float64 (n,); at the pictures' size."""
    network.eval()
    overlaps = []
    with torch.no_grad():
        for batch in plain_batches(pictures, _BATCH):
            size = batch.masks.shape[-2:]
            lesion = functional.interpolate(network.find(batch.images), size, mode="bilinear")
            found = (lesion >= _FOUND).float()
            both = (found * batch.masks).sum((1, 2, 3))
            either = found.sum((1, 2, 3)) + batch.masks.sum((1, 2, 3))
            overlaps.append((2 * both + 1) / (either + 1))
    return np.asarray(torch.cat(overlaps).double().cpu().numpy(), dtype=np.float64)
