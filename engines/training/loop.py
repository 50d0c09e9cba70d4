"""The training loop: stages, validation after each epoch, early stopping, resumption."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from engines.data.examples import LearningSet
from engines.errors import DataError
from engines.networks import checkpoint
from engines.networks.catalog import build_network
from engines.networks.network import ImageNetwork
from engines.progress import Progress, Report
from engines.training.average import Average
from engines.training.batches import training_batches
from engines.training.history import draw_history
from engines.training.lesson import lesson_of
from engines.training.loss import class_weights
from engines.training.pictures import Pictures, read_pictures
from engines.training.recipe import LESION, Recipe, Stage
from engines.training.validation import Validation, validated

_BEST = "best.pt"
_LAST = "last.pt"
_HISTORY = "history.json"
_CURVES = "history.svg"
_LARGEST_GRADIENT = 5.0
"""Norm beyond which a step's gradient is cut."""


@dataclass(slots=True)
class Run:
    """All that changes while training, and is saved after each epoch."""

    network: ImageNetwork
    average: Average
    epoch: int = 0
    best: float = -1.0
    best_epoch: int = -1
    history: list[dict[str, float | int | str]] = field(default_factory=list)
    optimiser: torch.optim.Optimizer | None = None


def fit(recipe: Recipe, sets: Mapping[str, LearningSet], out: Path, report: Report) -> Path:
    """Train to the end or until early stopping; returns the checkpoint that counts. `sets` are what stages
    learn from, by their `data`: the recipe's own is called "".

    Goes on from `out/last.pt` if it is there. On a GPU where there is one. Repeatable by seed for one PyTorch
    version, processor and number of threads. Raises RecipeError for what the network cannot learn, DataError.
    """
    torch.set_num_threads(recipe.threads)
    out.mkdir(parents=True, exist_ok=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    run = _start(recipe, out, device)
    if _has_ended(run, recipe):
        return out / _BEST
    for stage in recipe.stages:  # before hours of training
        lesson_of(run.network, stage, recipe)
        _check_masks(stage, sets[stage.data])
        _check_companions(run.network, sets[stage.data])
    read = ""
    seen, held_out = _pictures(sets[read], recipe, device)
    while not _has_ended(run, recipe):
        stage, _ = recipe.stage_of(run.epoch)
        if stage.data != read:
            read = stage.data
            seen, held_out = _pictures(sets[read], recipe, device)
        loss = _train_epoch(run, recipe, seen, report)
        _keep(run, recipe, out, loss, validated(run.average.network, held_out, stage), report)
    return out / _BEST


def _check_masks(stage: Stage, of: LearningSet) -> None:
    if stage.learns == LESION and any(example.mask is None for example in of.train):
        raise DataError(
            f"stage {stage.name!r} learns the lesion, and images of its data set have no mask: leave them "
            "out, or let it learn from another set"
        )


def _check_companions(network: ImageNetwork, of: LearningSet) -> None:
    wants, has = len(network.inputs) > 1, of.train[0].companion is not None
    if wants is not has:
        raise DataError(
            "the network looks at two images of a patient: name the second one in the column `companion`"
            if wants
            else "the images have companions, and the network looks at one image: choose another one"
        )


def _pictures(of: LearningSet, recipe: Recipe, device: str) -> tuple[Pictures, Pictures]:
    size = recipe.network.size
    return read_pictures(of.train, size).to(device), read_pictures(of.validation, size).to(device)


def _has_ended(run: Run, recipe: Recipe) -> bool:
    stopping = recipe.early_stopping
    is_stuck = stopping is not None and run.epoch - run.best_epoch > stopping.patience
    return run.epoch >= recipe.epochs or is_stuck


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
    run.epoch, run.best, run.best_epoch = state["epoch"], state["best"], state["best_epoch"]
    run.history = state["history"]
    stage, _ = recipe.stage_of(run.epoch - 1)
    _freeze(run.network, stage)
    run.optimiser = _optimiser(run.network, recipe)
    run.optimiser.load_state_dict(state["optimiser"])
    return run


def _train_epoch(run: Run, recipe: Recipe, pictures: Pictures, report: Report) -> float:
    stage, within = recipe.stage_of(run.epoch)
    _freeze(run.network, stage)
    if within == 0:
        _begin_stage(run)
    if run.optimiser is None:
        run.optimiser = _optimiser(run.network, recipe)
    weights = class_weights(pictures.label) if recipe.loss.balanced else None
    lesson = lesson_of(run.network, stage, recipe, weights)
    torch.manual_seed(recipe.seed + run.epoch)
    learning = [one for group in run.optimiser.param_groups for one in group["params"]]
    steps = max(1, len(pictures) // recipe.optimiser.batch)
    total = 0.0
    for step, batch in enumerate(training_batches(pictures, lesson.frame, recipe, run.epoch)):
        rate = learning_rate(stage, within * steps + step, steps, recipe.optimiser.warmup_steps)
        for group in run.optimiser.param_groups:
            group["lr"] = rate * group["share"]
        with torch.autocast(batch.images.device.type, torch.bfloat16, enabled=batch.images.is_cuda):
            loss = lesson.loss(batch)
        run.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learning, _LARGEST_GRADIENT)
        run.optimiser.step()
        run.average.update(run.network)
        total += loss.item()
        report(Progress("train", run.epoch * steps + step + 1, recipe.epochs * steps, stage.name))
    return total / steps


def _begin_stage(run: Run) -> None:
    """From what counts of the stage before, whose result is of another kind."""
    run.network.load(run.average.network.state_dict())
    run.best = -1.0
    run.optimiser = None


def learning_rate(stage: Stage, step: int, steps_per_epoch: int, warmup_steps: int) -> float:
    """Linear warm-up, then half a cosine down to a fiftieth of the stage's rate."""
    done = step / (stage.epochs * steps_per_epoch)
    cosine = 0.02 + 0.98 * (1 + math.cos(math.pi * done)) / 2
    return stage.learning_rate * cosine * min(1.0, (step + 1) / warmup_steps)


def _freeze(network: ImageNetwork, stage: Stage) -> None:
    """Set what learns in this stage."""
    network.eval().requires_grad_(False)
    part = network.part(stage.learns)
    part.train().requires_grad_(True)
    blocks = part.blocks()
    for block in blocks if stage.freeze < 0 else blocks[: stage.freeze]:
        block.requires_grad_(False).eval()


def _optimiser(network: ImageNetwork, recipe: Recipe) -> torch.optim.Optimizer:
    """Of all that learns; the features learn at their own share of the rate."""
    features: list[torch.nn.Parameter] = []
    others: list[torch.nn.Parameter] = []
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            (features if "features" in name.split(".") else others).append(parameter)
    groups = [{"params": others, "share": 1.0}]
    if features:
        groups.insert(0, {"params": features, "share": recipe.optimiser.features_rate})
    return torch.optim.AdamW(groups, weight_decay=recipe.optimiser.weight_decay)


def _keep(run: Run, recipe: Recipe, out: Path, loss: float, result: Validation, report: Report) -> None:
    """Record the epoch; keep its network if it counts."""
    if result.value > run.best or recipe.early_stopping is None:
        run.best, run.best_epoch = result.value, run.epoch
        checkpoint.write_network(
            out / _BEST, run.average.network, recipe.network.architecture, recipe.network.size
        )
    stage, _ = recipe.stage_of(run.epoch)
    history: dict[str, float | int | str] = {"epoch": run.epoch, "stage": stage.name, "loss": loss}
    run.history.append(history | {result.measure: result.value})
    run.epoch += 1
    state = {name: getattr(run, name) for name in ("epoch", "best", "best_epoch", "history")}
    state |= {"network": run.network.state_dict(), "average": run.average.state()}
    if run.optimiser is not None:
        state["optimiser"] = run.optimiser.state_dict()
    checkpoint.write(out / _LAST, state)
    (out / _HISTORY).write_text(json.dumps(run.history, indent=1), encoding="utf-8")
    draw_history(run.history, out / _CURVES)
    message = f"epoch {run.epoch}: loss {loss:.3f}, validation {result.measure} {result.value:.3f}"
    report(Progress("epoch", run.epoch, recipe.epochs, message))
