import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engines.errors import LibraryError
from engines.half import to_half
from engines.quantise.symmetric import to_symmetric


@pytest.mark.parametrize("rewrite", [to_half, to_symmetric])
def test_without_onnx_it_names_every_extra_that_has_it(
    rewrite: Callable[[Path], bytes], tiny_onnx: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)  # as if it were not installed

    with pytest.raises(LibraryError, match=r"onnx is not installed.*gpu.*rtx.*train"):
        rewrite(tiny_onnx)
