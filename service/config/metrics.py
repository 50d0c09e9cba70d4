"""The settings of metrics and probes."""

from typing import Annotated, Literal

from pydantic import Field

from service.config.types import Seconds, Section

Role = Literal["accept", "infer", "send", "worklist"]
ROLES: tuple[Role, ...] = ("accept", "infer", "send", "worklist")
LAST_BASE_PORT = 65535 - len(ROLES) + 1


class MetricsSettings(Section):
    """What every role tells Prometheus (`/metrics`) and an orchestrator (`/livez`, `/readyz`)."""

    enabled: bool = True
    """Whether every role listens for them."""
    bind: str = "127.0.0.1"
    """Address to listen on. Nobody has to sign in: beyond loopback, let only the monitoring reach it."""
    port: Annotated[int, Field(ge=1, le=LAST_BASE_PORT)] = 9850
    """TCP port of the role `accept`; `infer` has the next one, then come `send` and `worklist`: 9850 to 9853.
    A port that is taken keeps no role from its work: its log says so.
    """
    stuck_after_s: Seconds = 1800.0
    """Seconds without a turn after which a loop counts as stuck. `/livez` fails then, and an orchestrator
    starts the process again. Longer than one study, or the delivery of one, may ever take.
    """
    ledger_every_s: Seconds = 10.0
    """Seconds for which what is read from the ledger for `/metrics` is told again."""

    def port_of(self, role: Role) -> int:
        """Where a role listens."""
        return self.port + ROLES.index(role)
