"""RabbitMQ behind the broker port: the only home of pika, an optional extra.

Importing this package without pika raises ConfigurationError.
"""

from service.errors import ConfigurationError

try:
    import pika as _pika  # noqa: F401
except ImportError as error:
    raise ConfigurationError(
        "broker.kind is rabbitmq, but its client is not installed: pip install preread[rabbitmq]"
    ) from error

from service.enqueue.rabbitmq.broker import RabbitMQBroker
from service.enqueue.rabbitmq.connection import Address

__all__ = ["Address", "RabbitMQBroker"]
