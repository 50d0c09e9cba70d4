from datetime import date, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from service.study.search import StudyFilter
from service.study.state import StudyState
from service.worklist.listing import Listing
from tests.unit.worklist import reading_room
from tests.unit.worklist.builders import Seed


def test_what_a_form_leaves_empty_does_not_matter() -> None:
    asked = Listing.model_validate(
        {"q": "", "state": "", "priority": "", "side": "", "received_from": "", "received_until": ""}
    )
    assert asked.wanted == StudyFilter()
    assert not asked.is_filtered
    assert asked.address() == "/"


def test_days_are_those_of_this_place_and_both_count() -> None:
    day = date(2026, 3, 29)
    wanted = Listing(received_from=day, received_until=day).wanted
    assert wanted.received_from == datetime(2026, 3, 29).astimezone()
    assert wanted.received_until == datetime(2026, 3, 30).astimezone()
    assert wanted.received_from and wanted.received_until
    assert wanted.received_until - wanted.received_from <= timedelta(hours=25)


def test_attention_is_every_state_that_waits_for_a_person() -> None:
    assert Listing(state="attention").wanted.states == (
        StudyState.FAILED,
        StudyState.PARKED,
        StudyState.NOT_ANALYSED,
    )


def test_an_address_keeps_what_is_asked_for() -> None:
    asked = Listing(q="Müller & Co", state=StudyState.FAILED, limit=20)
    assert asked.address() == "/?q=M%C3%BCller+%26+Co&state=failed&limit=20"
    assert asked.address(state="", before="x~1.2") == "/?q=M%C3%BCller+%26+Co&limit=20&before=x~1.2"


@pytest.mark.parametrize("wrong", [{"page": 2}, {"q": "x" * 201}, {"state": "lost"}, {"before": "1.2"}])
def test_what_nobody_can_ask_for_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Listing.model_validate(wrong)


def test_what_was_searched_for_is_shown_and_not_run(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)
    page = client.get("/", params={"q": '"><script>alert(1)</script>'}).text
    assert "<script>alert" not in page
    assert "No study is like this" in page
