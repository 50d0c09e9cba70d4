"""The training loop: stages, validation after each epoch, early stopping, resumption."""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engines.networks import checkpoint
from engines.networks.catalog import build_network
from engines.networks.network import ClassifierNetwork
from engines.training.average import Average
from engines.training.batches import plain_batches, training_batches
from engines.training.examples import Parts, labels_of
from engines.training.loss import training_loss
from engines.training.metrics import Scores, auc
from engines.training.pictures import Pictures, read_pictures
from engines.training.progress import Progress, Report
from engines.training.recipe import Recipe, Stage

_BEST = "best.pt"
_LAST = "last.pt"
_HISTORY = "history.json"
_LARGEST_GRADIENT = 5.0
"""Norm beyond which a step's gradient is cut."""


@dataclass(slots=True)
class Run:
    """All that changes while training, and is saved after each epoch."""

    network: ClassifierNetwork
    average: Average
    epoch: int = 0
    best_auc: float = -1.0
    best_epoch: int = -1
    history: list[dict[str, float | int | str]] = field(default_factory=list)
    optimiser: torch.optim.Optimizer | None = None


def fit(recipe: Recipe, parts: Parts, out: Path, report: Report) -> Path:
    """Train to the end or until early stopping; returns the best checkpoint.

    Goes on from `out/last.pt` if it is there. The test part is not looked at. On a GPU where there is one.
    Repeatable by seed for one PyTorch version, processor and number of threads.
    """
    torch.set_num_threads(recipe.threads)
    out.mkdir(parents=True, exist_ok=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    run = _start(recipe, out, device)
    if _has_ended(run, recipe):
        return out / _BEST
    train, validation = (
        read_pictures(part, recipe.network.size).to(device) for part in (parts.train, parts.validation)
    )
    while not _has_ended(run, recipe):
        loss = _train_epoch(run, recipe, train, report)
        scores = logit_differences(run.average.network, validation)
        _keep(run, recipe, out, loss, auc(scores, labels_of(parts.validation)), report)
    return out / _BEST


def logit_differences(network: ClassifierNetwork, pictures: Pictures) -> Scores:
    """Malignant minus benign logit of each picture, float64 (n,)."""
    network.eval()
    with torch.no_grad():
        logits = [network(batch.images) for batch in plain_batches(pictures, 16)]
    both = torch.cat(logits).double().cpu().numpy()
    return np.asarray(both[:, 1] - both[:, 0], dtype=np.float64)


def _has_ended(run: Run, recipe: Recipe) -> bool:
    return run.epoch >= recipe.epochs or run.epoch - run.best_epoch > recipe.early_stopping.patience


def _start(recipe: Recipe, out: Path, device: str) -> Run:
    torch.manual_seed(recipe.seed)
    weights = recipe.network.weights or None
    network = build_network(recipe.network.architecture, weights, recipe.network.dropout)
    network = network.to(device, memory_format=torch.channels_last)
    run = Run(network, Average(network, recipe.optimiser.average_decay))
    last = out / _LAST
    if not last.is_file():
        return run
    return _resumed(run, recipe, torch.load(last, weights_only=True, map_location=device))


def _resumed(run: Run, recipe: Recipe, state: dict[str, Any]) -> Run:
    run.network.load(state["network"])
    run.average.load(state["average"])
    run.epoch, run.best_auc, run.best_epoch = state["epoch"], state["best_auc"], state["best_epoch"]
    run.history = state["history"]
    stage, _ = recipe.stage_of(run.epoch - 1)
    _freeze(run.network, stage)
    run.optimiser = _optimiser(run.network, recipe)
    run.optimiser.load_state_dict(state["optimiser"])
    return run


def _train_epoch(run: Run, recipe: Recipe, pictures: Pictures, report: Report) -> float:
    stage, within = recipe.stage_of(run.epoch)
    _freeze(run.network, stage)
    if run.optimiser is None or within == 0:
        run.optimiser = _optimiser(run.network, recipe)
    torch.manual_seed(recipe.seed + run.epoch)
    learning = [one for group in run.optimiser.param_groups for one in group["params"]]
    steps = max(1, len(pictures) // recipe.optimiser.batch)
    total = 0.0
    for step, batch in enumerate(training_batches(pictures, recipe, run.epoch)):
        rate = learning_rate(stage, within * steps + step, steps, recipe.optimiser.warmup_steps)
        for group in run.optimiser.param_groups:
            group["lr"] = rate * group["share"]
        with torch.autocast(batch.images.device.type, torch.bfloat16, enabled=batch.images.is_cuda):
            loss = training_loss(run.network, batch, recipe.loss)
        run.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learning, _LARGEST_GRADIENT)
        run.optimiser.step()
        run.average.update(run.network)
        total += loss.item()
        report(Progress("train", run.epoch * steps + step + 1, recipe.epochs * steps, stage.name))
    return total / steps


def learning_rate(stage: Stage, step: int, steps_per_epoch: int, warmup_steps: int) -> float:
    """Linear warm-up, then half a cosine down to a fiftieth of the stage's rate."""
    done = step / (stage.epochs * steps_per_epoch)
    cosine = 0.02 + 0.98 * (1 + math.cos(math.pi * done)) / 2
    return stage.learning_rate * cosine * min(1.0, (step + 1) / warmup_steps)


def _freeze(network: ClassifierNetwork, stage: Stage) -> None:
    """Set what learns in this stage."""
    network.train().requires_grad_(True)
    blocks = network.blocks()
    for block in blocks if stage.freeze < 0 else blocks[: stage.freeze]:
        block.requires_grad_(False).eval()


def _optimiser(network: ClassifierNetwork, recipe: Recipe) -> torch.optim.Optimizer:
    """Of all that learns; the features learn at their own share of the rate."""
    features: list[torch.nn.Parameter] = []
    others: list[torch.nn.Parameter] = []
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            (features if name.startswith("features.") else others).append(parameter)
    groups = [{"params": others, "share": 1.0}]
    if features:
        groups.insert(0, {"params": features, "share": recipe.optimiser.features_rate})
    return torch.optim.AdamW(groups, weight_decay=recipe.optimiser.weight_decay)


def _keep(run: Run, recipe: Recipe, out: Path, loss: float, validation_auc: float, report: Report) -> None:
    """Record the epoch; keep its network if it is the best on the validation part."""
    if validation_auc > run.best_auc:
        run.best_auc, run.best_epoch = validation_auc, run.epoch
        checkpoint.write_network(
            out / _BEST, run.average.network, recipe.network.architecture, recipe.network.size
        )
    stage, _ = recipe.stage_of(run.epoch)
    run.history.append(
        {"epoch": run.epoch, "stage": stage.name, "loss": loss, "validation_auc": validation_auc}
    )
    run.epoch += 1
    state = {name: getattr(run, name) for name in ("epoch", "best_auc", "best_epoch", "history")}
    state |= {"network": run.network.state_dict(), "average": run.average.state()}
    if run.optimiser is not None:
        state["optimiser"] = run.optimiser.state_dict()
    checkpoint.write(out / _LAST, state)
    (out / _HISTORY).write_text(json.dumps(run.history, indent=1), encoding="utf-8")
    message = f"epoch {run.epoch}: loss {loss:.3f}, validation AUC {validation_auc:.3f}"
    report(Progress("epoch", run.epoch, recipe.epochs, message))
