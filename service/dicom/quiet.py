"""Silence for third-party warnings about values that are not as the Standard wants them."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Ignore warnings inside the block.

    pydicom and Pillow warn about odd values, and quote them; what matters of it is checked and said by this
    package, without the values.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
