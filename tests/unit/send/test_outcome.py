import pytest

from service.send.outcome import outcome


@pytest.mark.parametrize(
    ("status", "accepted", "retryable", "words"),
    [
        (0x0000, True, False, "stored"),
        (0xB000, True, False, "coercion"),
        (0xB006, True, False, "left some elements out"),
        (0xB007, True, False, "does not match its SOP Class"),
        (0xA700, False, True, "out of resources"),
        (0xA7FF, False, True, "out of resources"),
        (0xA900, False, False, "does not match its SOP Class"),
        (0xC123, False, False, "cannot understand"),
        (0x0122, False, False, "does not store this SOP Class"),
        (0x0124, False, False, "not authorized"),
        (0x0110, False, False, "processing failure"),
        (0xFE00, False, False, "rejected"),
    ],
)
def test_status_decides_and_is_explained(status: int, accepted: bool, retryable: bool, words: str) -> None:
    sent = outcome("1.2.3", status)
    assert (sent.accepted, sent.retryable, sent.status) == (accepted, retryable, status)
    assert words in sent.detail
    assert f"0x{status:04X}" in sent.detail
