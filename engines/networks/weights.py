"""Where pretrained weights come from: torchvision, a file, or a file inside an installed package."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch
from torch import nn

from engines.errors import WeightsError
from engines.networks.torchvision_ops import define_missing_operators

_PACKAGE = "package:"
_TORCHVISION = "torchvision:"


def read_state(source: str) -> dict[str, torch.Tensor]:
    """Read a state dict.

    `source` is `torchvision:MobileNet_V2_Weights.IMAGENET1K_V2` (downloaded by torchvision),
    `package:<import name>/<path inside it>`, or a file's path. Raises WeightsError saying what to do.
    """
    if source.startswith(_TORCHVISION):
        return _from_torchvision(source.removeprefix(_TORCHVISION))
    if source.startswith(_PACKAGE):
        return _from_file(_file_in_package(source.removeprefix(_PACKAGE)))
    return _from_file(Path(source))


def load_features(features: nn.Module, source: str) -> None:
    """Load `source` into `features` by order, each tensor of the same shape, without the source's head.

    By order, because packages name the same layers differently. Raises WeightsError on any difference.
    """
    given = [tensor for name, tensor in read_state(source).items() if not _is_head(name)]
    wanted = features.state_dict()
    if [tuple(t.shape) for t in given] != [tuple(t.shape) for t in wanted.values()]:
        raise WeightsError(
            f"weights {source!r} do not fit: {len(given)} tensors where {len(wanted)} of other shapes are "
            "expected; give weights of the same architecture"
        )
    features.load_state_dict(dict(zip(wanted, given, strict=True)), strict=True)


def _is_head(name: str) -> bool:
    return name.startswith(("classifier.", "fc.", "head."))


def _from_torchvision(name: str) -> dict[str, torch.Tensor]:
    define_missing_operators()
    from torchvision.models import get_weight

    try:
        return dict(get_weight(name).get_state_dict(progress=False, check_hash=True))
    except ValueError as reason:
        raise WeightsError(f"torchvision has no weights {name!r}; see torchvision.models") from reason
    except (URLError, OSError) as reason:
        raise WeightsError(
            f"weights {name!r} could not be downloaded ({reason}); give a path or `package:...` instead"
        ) from reason


def _file_in_package(where: str) -> Path:
    package, _, inside = where.partition("/")
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError(f"package {package!r} is not installed; install it or give a file's path")
    return Path(next(iter(spec.submodule_search_locations))) / inside


def _from_file(path: Path) -> dict[str, torch.Tensor]:
    if not path.is_file():
        raise WeightsError(f"no weights at {path}; check the path, or the package's version")
    state: Any = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(state, dict):
        raise WeightsError(f"{path} holds no state dict; save `network.state_dict()` with torch.save")
    return dict(state.get("state_dict", state))
