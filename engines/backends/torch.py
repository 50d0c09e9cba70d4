"""PyTorch on the CPU: the reference that exported graphs are compared with. Needs the extra `train`."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.backends.port import Arrays, Engine, check_inputs, not_open
from engines.errors import LibraryError, RecipeError, WeightsError
from engines.spec import DYNAMIC, IMAGES, TensorSpec


class TorchEngine(Engine):
    """A training checkpoint with Grad-CAM. It runs the network itself, no exported graph."""

    def __init__(self, checkpoint: Path) -> None:
        self._path = checkpoint
        self._network: Any = None
        self._inputs: tuple[TensorSpec, ...] = ()
        self._outputs: tuple[TensorSpec, ...] = ()

    def open(self) -> None:
        """Load the network. Raises WeightsError, or LibraryError where PyTorch is missing."""
        if self._network is not None:
            return
        network, size = _load(self._path)
        self._inputs = (TensorSpec(IMAGES, (DYNAMIC, 1, size, size), "float32"),)
        answers = _run(network, np.zeros((1, 1, size, size), np.float32))
        self._outputs = tuple(
            TensorSpec(name, (DYNAMIC, *answer.shape[1:]), answer.dtype.name)
            for name, answer in answers.items()
        )
        self._network = network

    def close(self) -> None:
        """Let go of the network and its memory."""
        self._network = None

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """What the network takes. Raises EngineClosed."""
        self._opened()
        return self._inputs

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """What the network gives. Raises EngineClosed."""
        self._opened()
        return self._outputs

    def infer(self, arrays: Arrays) -> dict[str, NDArray[np.float32]]:
        """Run once. Raises EngineClosed or InputError."""
        network = self._opened()
        check_inputs(self._inputs, arrays)
        return _run(network, arrays[IMAGES])

    def _opened(self) -> Any:
        if self._network is None:
            raise not_open(self._path)
        return self._network


def _load(checkpoint: Path) -> tuple[Any, int]:
    try:
        from engines.networks.checkpoint import read_network
        from engines.networks.explain import Explained
    except ImportError as reason:
        raise LibraryError(f"PyTorch does not import ({reason}): pip install 'preread[train]'") from reason
    try:
        network, size = read_network(checkpoint)
    except (RuntimeError, pickle.UnpicklingError, EOFError, KeyError, TypeError, RecipeError) as reason:
        raise WeightsError(
            f"{checkpoint} is not a checkpoint of a network known here ({reason}); "
            "check the path, or train anew"
        ) from reason
    return Explained(network), size


def _run(network: Any, images: NDArray[np.generic]) -> dict[str, NDArray[np.float32]]:
    import torch

    with torch.no_grad():
        # A copy, because the tensor would share the caller's memory and warn where that is read-only.
        answers = network(torch.from_numpy(images.copy()))
    return {name: answer.numpy() for name, answer in zip(network.outputs, answers, strict=True)}
