"""RabbitMQ behind the broker port: the only home of pika, an optional extra.

Importing this package without pika raises ConfigurationError.
"""

from service.enqueue.rabbitmq.broker import RabbitMQBroker

__all__ = ["RabbitMQBroker"]
