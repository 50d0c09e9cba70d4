"""What the model is told and nobody has measured: objectives, deployment, prices. `inputs.toml` has them."""

import tomllib
from pathlib import Path

from service.config.types import Section

FILE = Path(__file__).with_name("inputs.toml")


class Objective(Section):
    """`share` of the studies within so many seconds after their last image."""

    routine_s: float
    urgent_s: float
    share: float


class Deployment(Section):
    """`complete_after_s`: of silence, after which a study is complete. Cores are those of all replicas."""

    complete_after_s: float
    accept_cores: int
    send_cores: int
    server_cores: int


class Autoscaling(Section):
    """As in the chart's `infer.autoscaling`; `pod_start_s`: from being wanted to the first study."""

    min_replicas: int
    max_replicas: int
    routine_per_pod: int
    urgent_per_pod: int
    polling_s: float
    cooldown_s: float
    pod_start_s: float


class Node(Section):
    """A kind of machine and its price for an hour."""

    name: str
    cores: int
    price_per_hour: float


class Inputs(Section):
    """All of them."""

    hospitals: tuple[int, ...]
    seed: str
    costs: tuple[float, ...]
    """How many times as much as the measured classifier one costs that is asked about."""
    currency: str
    objective: Objective
    deployment: Deployment
    autoscaling: Autoscaling
    nodes: tuple[Node, ...]


def load_inputs(path: Path = FILE) -> Inputs:
    """Raises OSError, ValueError."""
    return Inputs(**tomllib.loads(path.read_text(encoding="utf-8")))
