from service.cli.studies.fetch_output import sentence
from service.fetch.fetcher import Fetched

COMPLETE = Fetched("1.2.3", frozenset({"1", "2"}), frozenset({"1", "2"}), {}, {}, ())


def test_complete_study_is_one_sentence() -> None:
    assert sentence(COMPLETE) == "2 of 2 instances of study 1.2.3 received"


def test_incomplete_study_says_how_many_and_why_and_what_to_do() -> None:
    outcome = Fetched(
        "1.2.3", frozenset("1234"), frozenset("1"), {"2": "damaged", "3": "damaged"}, {}, ("it broke",)
    )
    assert sentence(outcome) == (
        "1 of 4 instances of study 1.2.3 received; 2 refused: damaged; 1 did not come; it broke; "
        "fetch again once that is put right: what is here already stays"
    )


def test_what_is_left_out_is_named() -> None:
    left_out = {"1.2.840.10008.5.1.4.1.1.88.11": 1, "": 2}
    outcome = Fetched("1.2.3", frozenset("1"), frozenset("1"), {}, left_out, ())
    assert "left out: 1 of Basic Text SR Storage, which Preread does not store" in sentence(outcome)
    assert "2 of an unknown SOP Class" in sentence(outcome)


def test_words_of_others_are_not_taken_for_markup() -> None:
    outcome = Fetched("1.2.3", frozenset("1"), frozenset(), {"1": "[red]"}, {}, ())
    assert "\\[red]" in sentence(outcome)
