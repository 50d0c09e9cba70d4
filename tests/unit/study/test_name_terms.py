"""What is looked up for a pattern of a Patient's Name."""

import pytest

from service.study.search import Term, name_terms


def word(value: str) -> Term:
    return Term(f"word:{value}")


def beginning(value: str) -> Term:
    return Term(f"word:{value}", is_prefix=True)


@pytest.mark.parametrize(
    ("pattern", "terms"),
    [
        ("", ()),
        ("Doe", (word("doe"),)),
        ("Doe^Jane", (word("doe"), word("jane"))),
        ("doe*", (beginning("doe"),)),
        ("Doe^J*", (word("doe"), beginning("j"))),
        ("Müll?r^Eva", (beginning("mull"), word("eva"))),
        ("*", ()),
        ("*sen", ()),
        ("*sen^Ann", (word("ann"),)),
        ("*^Ann*", (beginning("ann"),)),
        ("Wang^Xiao Dong=王*", (word("wang"), word("xiao"), word("dong"), beginning("王"))),
    ],
)
def test_words_of_which_the_pattern_tells_the_beginning(pattern: str, terms: tuple[Term, ...]) -> None:
    assert name_terms(pattern) == terms
