"""What a backend must do; tests/contracts/engine.py holds every backend to it."""

from collections.abc import Mapping
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from engines.errors import InputError
from engines.spec import TensorSpec

Arrays = Mapping[str, NDArray[np.generic]]


class Engine(Protocol):
    """A network that can run. Open it, infer as often as you like, close it; one thread at a time."""

    def open(self) -> None:
        """Load the network. Opening an open engine changes nothing. Raises WeightsError."""
        ...

    def close(self) -> None:
        """Release the network. Closing a closed engine changes nothing; it can be opened again."""
        ...

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """What `infer` takes. Raises EngineClosed."""
        ...

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """What `infer` gives. Raises EngineClosed."""
        ...

    def infer(self, arrays: Arrays) -> dict[str, NDArray[np.float32]]:
        """Run the network; returns every output by name, in arrays of its own.

        Raises EngineClosed, or InputError for a missing or unknown name, a wrong shape or dtype.
        """
        ...

    def __enter__(self) -> Self:
        """Open."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        ...


def check_inputs(specs: tuple[TensorSpec, ...], arrays: Arrays) -> None:
    """Raise InputError unless `arrays` holds exactly what `specs` describe."""
    wanted = {spec.name: spec for spec in specs}
    if set(arrays) != set(wanted):
        raise InputError(f"the engine takes {sorted(wanted)}, got {sorted(arrays)}")
    for name, array in arrays.items():
        wanted[name].check(array)
