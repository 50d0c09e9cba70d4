"""Trained networks on disk, with what is needed to build them again."""

import os
from pathlib import Path
from typing import Any

import torch

from engines.errors import WeightsError
from engines.networks.catalog import build_network
from engines.networks.network import ImageNetwork


def write(path: Path, state: dict[str, Any]) -> None:
    """Replace `path` at once, so that a kill leaves the old or the new file, never half of one."""
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def write_network(path: Path, network: ImageNetwork, architecture: str, size: int) -> None:
    """Write what `read_network` needs."""
    write(path, {"architecture": architecture, "size": size, "network": network.state_dict()})


def read_network(path: Path) -> tuple[ImageNetwork, int]:
    """The trained network, in evaluation mode, and its input's side in pixels. Raises WeightsError."""
    if not path.is_file():
        raise WeightsError(f"no checkpoint at {path}; train first, or check the path")
    state = torch.load(path, map_location="cpu", weights_only=True)
    network = build_network(state["architecture"], weights=None)
    network.load(state["network"])
    return network.eval().requires_grad_(False), int(state["size"])
