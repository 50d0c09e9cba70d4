import pytest

from service.report.text import ascii_text, long_string, percent


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Müller – 3 × 4", "Muller - 3 x 4"),
        ("two\nlines\tof text", "two lines of text"),
        ("乳腺 AI", "AI"),
        ("", ""),
    ],
)
def test_text_becomes_printable_ascii(text: str, expected: str) -> None:
    assert ascii_text(text) == expected


def test_long_string_has_no_value_separator_and_at_most_64_characters() -> None:
    assert long_string("a\\b") == "a/b"
    assert len(long_string("x" * 100)) == 64


@pytest.mark.parametrize("probability, expected", [(0.0, 0.0), (0.8734, 87.3), (0.29, 29.0), (1.0, 100.0)])
def test_percent_has_one_decimal(probability: float, expected: float) -> None:
    assert percent(probability) == expected
