from collections.abc import Sequence

import pytest

from service.enqueue.embedded import EmbeddedBroker
from service.errors import BrokerUnavailable, ConfigurationError, PrereadError
from service.storage.ledger.ledger import Ledger
from service.wiring.adapters import check_queues


class Broken(EmbeddedBroker):
    def __init__(self, ledger: Ledger, error: PrereadError) -> None:
        super().__init__(ledger, lease_s=60.0)
        self.error = error

    def declare(self, queues: Sequence[str]) -> None:
        raise self.error


def test_queue_that_is_otherwise_than_it_has_to_be_ends_the_start(ledger: Ledger) -> None:
    broker = Broken(ledger, ConfigurationError("report with another x-message-ttl"))
    with pytest.raises(ConfigurationError, match="x-message-ttl"):
        check_queues(broker, ["report"])


def test_broker_that_does_not_answer_yet_holds_up_no_start(ledger: Ledger) -> None:
    check_queues(Broken(ledger, BrokerUnavailable("away")), ["report"])
