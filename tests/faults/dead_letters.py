"""Work that was given up: each dead letter is a manual step, whatever became of its study."""

import time
from urllib.parse import quote

from sqlalchemy import create_engine, func, select

from service.enqueue.rabbitmq.topology import dead_queue_name
from service.storage.ledger.schema.tables import outbox
from tests.faults.servers import Broker
from tests.faults.site import Site

STATISTICS_S = 6.0
"""RabbitMQ counts messages every five seconds."""


def dead_letters(site: Site) -> int:
    """How many there are at the end of a run."""
    broker = site.servers.broker
    return _in_ledger(site.ledger_url) if broker is None else _in_rabbitmq(broker)


def _in_ledger(url: str) -> int:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return connection.scalar(select(func.count()).where(outbox.c.dead.is_(True))) or 0
    finally:
        engine.dispose()


def _in_rabbitmq(broker: Broker) -> int:
    time.sleep(STATISTICS_S)
    queues = broker.node.management("GET", f"/api/queues/{quote(broker.virtual_host, safe='')}")
    return sum(queue.get("messages", 0) for queue in queues if queue["name"].endswith(dead_queue_name("")))
