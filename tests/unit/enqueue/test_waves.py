from service.enqueue.port import Envelope
from service.enqueue.rabbitmq.waves import waves_of


def envelope(message_id: str, queue: str, study: str | None) -> Envelope:
    return Envelope(message_id, queue, {"study_instance_uid": study} if study else {})


def ids(*envelopes: Envelope) -> list[list[str]]:
    return [[one.message_id for one in wave] for wave in waves_of(envelopes)]


def test_messages_of_different_studies_leave_together() -> None:
    assert ids(*(envelope(str(n), "report", f"1.{n}") for n in range(4))) == [["0", "1", "2", "3"]]


def test_messages_of_one_study_in_one_queue_leave_one_after_the_other() -> None:
    sent = [envelope("0", "report", "1.1"), envelope("1", "report", "1.1"), envelope("2", "report", "1.2")]
    assert ids(*sent) == [["0", "2"], ["1"]]


def test_between_queues_there_is_no_order_to_keep() -> None:
    assert ids(envelope("0", "report", "1.1"), envelope("1", "delivery.pacs", "1.1")) == [["0", "1"]]


def test_messages_without_a_study_stand_alone() -> None:
    assert ids(envelope("0", "report", None), envelope("1", "report", None)) == [["0", "1"]]


def test_nothing_makes_no_wave() -> None:
    assert ids() == []
