"""What a backend must do; tests/contracts/engine.py holds every backend to it."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from engines.errors import EngineClosed, InputError
from engines.spec import TensorSpec

Arrays = Mapping[str, NDArray[np.generic]]


class Engine(Protocol):
    """A network that can run. Open it, infer as often as you like, close it; one thread at a time.

    Backends inherit from it, and with that what a `with` does.
    """

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
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()


def not_open(path: Path) -> EngineClosed:
    """The error of an engine, made from the file at `path`, that is used before `open` or after `close`."""
    return EngineClosed(f"the engine of {path} is not open; call open() or use it in a with")


def check_inputs(specs: tuple[TensorSpec, ...], arrays: Arrays) -> None:
    """Raise InputError unless `arrays` holds exactly what `specs` describe."""
    wanted = {spec.name: spec for spec in specs}
    if set(arrays) != set(wanted):
        raise InputError(f"the engine takes {sorted(wanted)}, got {sorted(arrays)}")
    for name, array in arrays.items():
        wanted[name].check(array)
