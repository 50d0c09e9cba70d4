"""Published weights into a torchvision network, before it is cut into features and head."""

from torch import nn

from engines.errors import WeightsError
from engines.networks.weights import read_state

_COUNTER = "num_batches_tracked"


def load_backbone(backbone: nn.Module, source: str | None, without: tuple[str, ...]) -> None:
    """Load `source` (as in `weights.read_state`; None leaves the random weights) into `backbone`.

    Tensors whose names start with one of `without` (the old classes, auxiliary heads) keep their values.
    Names are matched; where the source names its layers differently, their order is.
    Raises WeightsError if a tensor is missing, too many, or of another shape.
    """
    if source is None:
        return
    own = backbone.state_dict()
    wanted = [name for name in own if _is_kept(name, without)]
    given = {name: tensor for name, tensor in read_state(source).items() if _is_kept(name, without)}
    if set(given) != set(wanted) and len(given) == len(wanted):
        given = dict(zip(wanted, given.values(), strict=True))
    if {n: t.shape for n, t in given.items()} != {n: own[n].shape for n in wanted}:
        raise WeightsError(
            f"weights {source!r} do not fit: {len(given)} tensors where {len(wanted)} of other names or "
            "shapes are expected; give weights of the same architecture"
        )
    backbone.load_state_dict(own | given, strict=True)


def _is_kept(name: str, without: tuple[str, ...]) -> bool:
    # Older files lack batch norm's counters, which evaluation does not use.
    return not name.startswith(without) and not name.endswith(_COUNTER)
