import os

import pytest

from engines.errors import LibraryError
from engines.plans.vendor import Flavour, Vendor, load_vendor


def tensorrt_rtx() -> Vendor:
    """TensorRT-RTX, which builds without a GPU. Where it is missing the test skips, and in CI it fails."""
    try:
        return load_vendor(Flavour.TENSORRT_RTX)
    except LibraryError as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(str(reason), pytrace=False)
        pytest.skip(str(reason))
