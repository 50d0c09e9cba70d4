import pytest

from service.enqueue.rabbitmq.topology import EXCHANGE, dead_queue, retry_queue, work_queue


def test_expired_and_rejected_messages_move_on_without_loss() -> None:
    work, retry = work_queue("report"), retry_queue("report", 30.0)
    assert work.arguments["x-dead-letter-routing-key"] == dead_queue("report").name == "report.dead"
    assert retry.arguments["x-dead-letter-routing-key"] == work.name == "report"
    for queue in (work, retry):
        assert queue.arguments["x-queue-type"] == "quorum"
        assert queue.arguments["x-dead-letter-exchange"] == EXCHANGE
        # RabbitMQ takes the strategy only together with this overflow behaviour.
        assert queue.arguments["x-dead-letter-strategy"] == "at-least-once"
        assert queue.arguments["x-overflow"] == "reject-publish"


@pytest.mark.parametrize(
    ("delay_s", "name", "ttl_ms"),
    [
        (30.0, "report.retry.30", 30_000),
        (1800.0, "report.retry.1800", 1_800_000),
        (0.5, "report.retry.0.5", 500),
        (0.0004, "report.retry.0.001", 1),
        (0.0, "report.retry.0", 0),
        (1_234_567.0, "report.retry.1234567", 1_234_567_000),
    ],
)
def test_each_delay_has_its_queue_that_waits_no_shorter(delay_s: float, name: str, ttl_ms: int) -> None:
    queue = retry_queue("report", delay_s)
    assert queue.name == name
    assert queue.arguments["x-message-ttl"] == ttl_ms
