import threading
from types import SimpleNamespace
from typing import Any

from service.fetch.sending_queue import bound_sending


class Provider:
    """What pynetdicom's provider is to the queue: a thread that lives or not."""

    def __init__(self) -> None:
        self.lives = True
        self.to_provider_queue: Any = None

    def is_alive(self) -> bool:
        return self.lives


def bounded() -> Provider:
    provider = Provider()
    bound_sending(SimpleNamespace(dul=provider))
    return provider


def test_sender_waits_until_there_is_room_and_keeps_the_order() -> None:
    provider = bounded()
    sender = threading.Thread(target=lambda: [provider.to_provider_queue.put(n) for n in range(100)])
    sender.start()
    taken, most = list[int](), 0
    while len(taken) < 100:
        most = max(most, provider.to_provider_queue.qsize())
        taken.append(provider.to_provider_queue.get())
    sender.join()
    assert taken == list(range(100))
    assert most <= 8


def test_sender_does_not_wait_for_a_connection_that_has_ended() -> None:
    provider = bounded()
    for number in range(8):
        provider.to_provider_queue.put(number)
    threading.Timer(0.05, lambda: setattr(provider, "lives", False)).start()
    provider.to_provider_queue.put(8)
    assert provider.to_provider_queue.qsize() == 8
