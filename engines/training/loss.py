"""What a network should get right: the class, where its evidence lies, the lesion, the category."""

import torch
from torch.nn import functional

from engines.data.examples import UNKNOWN

_LOWEST_BIRADS = 2


def class_loss(
    logits: torch.Tensor, labels: torch.Tensor, smoothing: float, weights: torch.Tensor | None = None
) -> torch.Tensor:
    """Cross-entropy over the images that have a mass, and so a label; `weights` (2,) of the classes."""
    known = labels != UNKNOWN
    if not bool(known.any()):
        return logits.sum() * 0
    return functional.cross_entropy(
        logits[known].float(), labels[known], weight=weights, label_smoothing=smoothing
    )


def class_weights(labels: torch.Tensor) -> torch.Tensor:
    """Weights (2,) with which both classes count alike, however many images each has; 1 on average."""
    counts = torch.stack([(labels == label).sum() for label in (0, 1)]).float()
    return counts.sum() / (2 * counts.clamp(min=1))


def outside_share(evidence: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Mean share, 0..1, of the absolute evidence (n, h, w) in cells that the lesion does not touch.

    A cell counts as touched if any pixel of it is in the mask (n, 1, size, size). It keeps a network from
    caliper marks, text and framing, which differ between hospitals, and the heatmap on the lesion.
    """
    touched = functional.adaptive_max_pool2d(masks, evidence.shape[-2:])[:, 0]
    strength = evidence.abs()
    return ((strength * (1 - touched)).sum((1, 2)) / (strength.sum((1, 2)) + 1e-6)).mean()


def lesion_loss(logits: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Cross-entropy per pixel and 1 - Dice per image, at the resolution of `logits` (n, 1, h, w)."""
    logits, wanted = logits.float(), functional.interpolate(masks, logits.shape[-2:], mode="area")
    cross = functional.binary_cross_entropy_with_logits(logits, wanted)
    found = torch.sigmoid(logits)
    overlap = (2 * (found * wanted).sum((1, 2, 3)) + 1) / (found.sum((1, 2, 3)) + wanted.sum((1, 2, 3)) + 1)
    return cross + (1 - overlap).mean()


def birads_loss(logits: torch.Tensor, birads: torch.Tensor) -> torch.Tensor:
    """Whether the category is above 2, above 3, above 4: `logits` (n, 3). Unknown ones do not count."""
    known = (birads != UNKNOWN).float()[:, None]
    above = torch.arange(_LOWEST_BIRADS, _LOWEST_BIRADS + 3, device=birads.device)
    wanted = (birads[:, None] > above).float()
    each = functional.binary_cross_entropy_with_logits(logits.float(), wanted, reduction="none")
    return (each * known).sum() / (known.sum() * 3 + 1)
