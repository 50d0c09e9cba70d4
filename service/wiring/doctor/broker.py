"""The broker: it answers, has its queues, takes messages, and holds nothing that was given up."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from service.config import Settings
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.questions.examine import file_of, revisions
from service.wiring.adapters import work_queues
from service.wiring.doctor.finding import Finding, failed, ok, skipped, warning

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def look_at_broker(settings: Settings) -> Iterator[Finding]:
    """Raises BrokerUnavailable, ConfigurationError."""
    if settings.broker.kind == "embedded":
        yield skipped("broker", "embedded: the ledger is the queue, and there is no server")
        return
    from service.enqueue.rabbitmq import Address
    from service.enqueue.rabbitmq.examine import examine

    broker = settings.broker
    address = Address(broker.url, broker.password_file, broker.tls)
    seen = examine(address, work_queues(settings), broker.retry_delays_s)
    yield ok("broker", f"RabbitMQ answers, on the virtual host {urlsplit(broker.url).path[1:] or '/'}")
    yield _look_at_tls(settings)
    if seen.alarm:
        yield failed(
            "alarm",
            f"RabbitMQ takes no messages: {seen.alarm}",
            "`rabbitmqctl status` shows the alarm: give it memory or disk; work waits meanwhile",
        )
    else:
        yield ok("alarm", "RabbitMQ takes messages")
    missing = [one.name for one in seen.queues if one.waiting is None]
    there = [one for one in seen.queues if one.waiting is not None]
    if missing:
        yield warning(
            "queues",
            f"{len(missing)} of {len(seen.queues)} are not there yet: {', '.join(missing)}",
            "the role that works on a queue makes it at its start: start infer and send",
        )
    if seen.differences:
        yield failed("queues", seen.differences, "an existing queue cannot be changed: do as it says there")
    elif there:
        waiting = sum(one.waiting or 0 for one in there)
        yield ok("queues", f"{len(there)} are there as they have to be, {waiting} messages wait in them")
    dead = {one.name: one.dead for one in seen.queues if one.dead}
    if dead:
        told = ", ".join(f"{count} of {name}" for name, count in dead.items())
        yield warning("dead letters", told, "`preread dead list` says why, `preread dead retry` tries again")
    else:
        yield ok("dead letters", "none")


def look_at_waiting_work(settings: Settings) -> Iterator[Finding]:
    """Work that nobody has taken for long. Consumers fetch one message at a time, so that the broker does not
    know them; the ledger knows what has come of them. Raises LedgerUnavailable.
    """
    file = file_of(settings.ledger_url)
    if file is not None and not file.is_file():
        yield skipped("workers", "there is no ledger yet")
        return
    with closing(Ledger(settings.ledger_url)) as ledger, ledger.read() as tx:
        if not revisions(tx.connection).is_newest:
            yield skipped("workers", "the ledger's tables are of another version")
            return
        waiting = tx.operations.waiting_for_classifiers()
    long_ago = datetime.now(UTC) - timedelta(seconds=settings.assemble.alarm_after_s)
    late = [one for one in waiting if one.oldest_queued_at is not None and one.oldest_queued_at < long_ago]
    for one in late:
        yield warning(
            f"work for {one.classifier}",
            f"{one.waiting} analyses wait, the first since {one.oldest_queued_at:%Y-%m-%d %H:%M} UTC",
            "start `preread infer`, or more of them; infer.classifiers may leave this classifier out",
        )
    if not late:
        yield ok("workers", f"{sum(one.waiting for one in waiting)} analyses wait, none of them for long")


def _look_at_tls(settings: Settings) -> Finding:
    parts = urlsplit(settings.broker.url)
    if parts.scheme == "amqps":
        return ok("encryption", "messages travel by TLS")
    if parts.hostname in _LOOPBACK:
        return ok("encryption", "no TLS, and none needed: RabbitMQ is on this machine")
    return warning(
        "encryption",
        "messages and the password cross the network without TLS",
        "use amqps:// in broker.url, with broker.tls",
    )
