"""The package `onnx`, which only rewriting graphs needs: a service with a finished plan goes without."""

from typing import Any

from engines.errors import LibraryError


def onnx_package() -> Any:
    """The module. Raises LibraryError where it is not installed."""
    try:
        import onnx
    except ImportError as reason:
        raise LibraryError(
            f"{reason.name} is not installed, which rewriting a graph needs: pip install 'preread[gpu]', "
            "'preread[rtx]' or 'preread[train]'"
        ) from reason
    return onnx
