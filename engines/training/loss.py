"""Cross-entropy, and a share for evidence that lies where no lesion is."""

import torch
from torch.nn import functional

from engines.networks.network import MeanHead
from engines.training.batches import Batch
from engines.training.recipe import Loss


def training_loss(head: MeanHead, maps: torch.Tensor, batch: Batch, settings: Loss) -> torch.Tensor:
    """Scalar. The second term keeps the network from caliper marks, text and framing, which differ
    between hospitals, and makes the heatmap point at the lesion.
    """
    loss = functional.cross_entropy(head(maps), batch.labels, label_smoothing=settings.label_smoothing)
    if settings.outside:
        loss = loss + settings.outside * outside_share(head.evidence(maps), batch.masks)
    return loss


def outside_share(evidence: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Mean share, 0..1, of the absolute evidence (n, h, w) in cells that the lesion does not touch.

    A cell counts as touched if any pixel of it is in the mask (n, 1, size, size).
    """
    touched = functional.adaptive_max_pool2d(masks, evidence.shape[-2:])[:, 0]
    strength = evidence.abs()
    return ((strength * (1 - touched)).sum((1, 2)) / (strength.sum((1, 2)) + 1e-6)).mean()
