"""RabbitMQ that dies, is restarted or has no memory."""

import random

from tests.faults.kinds.fault import Fault
from tests.servers.rabbitmq import RabbitMQ


class BrokerKilled(Fault):
    """SIGKILL to the node; later it is started again on the same data."""

    def __init__(self, node: RabbitMQ) -> None:
        super().__init__("broker killed", "broker", (1.0, 3.0))
        self._node = node

    def begin(self, rng: random.Random) -> None:
        self._node.kill()

    def end(self) -> None:
        self._node.start()


class BrokerRestarted(Fault):
    """Taken down in order, every connection closed, and started again."""

    def __init__(self, node: RabbitMQ) -> None:
        super().__init__("broker restarted", "broker", (1.0, 3.0))
        self._node = node

    def begin(self, rng: random.Random) -> None:
        self._node.stop_app()

    def end(self) -> None:
        self._node.start_app()


class BrokerOutOfMemory(Fault):
    """The memory alarm: connections that publish are blocked."""

    def __init__(self, node: RabbitMQ) -> None:
        super().__init__("broker out of memory", "broker")
        self._node = node

    def begin(self, rng: random.Random) -> None:
        self._node.raise_memory_alarm()

    def end(self) -> None:
        self._node.clear_memory_alarm()
