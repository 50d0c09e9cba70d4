"""What the client makes of answers, without a server."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.errors import (
    ConfigurationError,
    NotAllowed,
    NotHere,
    NotInThisState,
    NotSignedIn,
    NotUnderstood,
    PrereadError,
    TooManyRequests,
    UnexpectedAnswer,
    UnsafeUID,
    WorklistUnavailable,
)
from service.worklist.client import Client
from service.worklist.client.events import StudyChanged, changes

URL = "https://preread.hospital"
PAGE = {"entries": [], "limit": 50, "next": "", "counts": {"failed": 2}, "counted_up_to": 1000, "notices": []}


def answering(answer: Callable[[httpx.Request], httpx.Response], **options: Any) -> Client:
    return Client(URL, **{"token": "preread_secret"} | options, transport=httpx.MockTransport(answer))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, NotUnderstood),
        (401, NotSignedIn),
        (403, NotAllowed),
        (404, NotHere),
        (409, NotInThisState),
        (422, NotUnderstood),
        (429, TooManyRequests),
        (503, WorklistUnavailable),
    ],
)
def test_each_refusal_is_an_error_with_the_servers_sentence(status: int, error: type[PrereadError]) -> None:
    client = answering(lambda _: httpx.Response(status, json={"detail": "because of the weather"}))
    with pytest.raises(error, match="because of the weather"):
        client.retry("1.2.3")


def test_an_answer_without_a_sentence_is_told_as_that_of_a_proxy() -> None:
    with pytest.raises(WorklistUnavailable, match="HTTP 502 without an explanation"):
        answering(lambda _: httpx.Response(502, text="<html>Bad Gateway")).page()


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"entries": 1}'])
def test_another_form_of_answer_is_told_and_not_quoted(body: bytes) -> None:
    with pytest.raises(UnexpectedAnswer, match="not of the form") as caught:
        answering(lambda _: httpx.Response(200, content=body)).page()
    assert body.decode() not in str(caught.value)


def test_fields_that_a_newer_server_adds_do_no_harm() -> None:
    page = answering(lambda _: httpx.Response(200, json=PAGE | {"weather": "fine"})).page()
    assert page.counts == {"failed": 2}


def test_a_redirection_is_not_followed() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(307, headers={"Location": "https://elsewhere/"})

    with pytest.raises(UnexpectedAnswer, match="HTTP 307"):
        answering(answer).page()
    assert asked == ["preread.hospital"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (httpx.ReadTimeout("slow"), "did not answer in time"),
        (httpx.ConnectError("refused"), "cannot be reached"),
    ],
)
def test_a_server_that_is_away_can_be_asked_later(error: httpx.TransportError, words: str) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(WorklistUnavailable, match=words) as caught:
        answering(answer).study("1.2.3")
    assert "1.2.3" not in str(caught.value)


def test_the_token_is_shown_to_the_server() -> None:
    seen: list[httpx.Headers] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return httpx.Response(200, json=PAGE)

    answering(answer).page()
    assert seen[0]["authorization"] == "Bearer preread_secret"


def test_an_unchanged_page_is_the_one_that_was_sent_before() -> None:
    asked: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers.get("if-none-match"))
        known = asked[-1] == '"1"'
        return httpx.Response(304) if known else httpx.Response(200, json=PAGE, headers={"ETag": '"1"'})

    client = answering(answer)
    assert client.page() == client.page()
    assert asked == [None, '"1"']


@pytest.mark.parametrize("uid", ["", "../accounts", "1.2/3", "1..2"])
def test_what_is_no_uid_is_not_asked_for(uid: str) -> None:
    client = answering(lambda _: pytest.fail("it was asked for"))
    for ask in (client.study, client.retry, lambda one: client.heatmap("1.2", one)):
        with pytest.raises(UnsafeUID):
            ask(uid)


@pytest.mark.parametrize("url", ["http://preread.hospital", "preread.hospital", "ftp://preread.hospital", ""])
def test_a_token_is_sent_to_nobody_who_could_be_overheard(url: str) -> None:
    with pytest.raises(ConfigurationError):
        Client(url, token="preread_secret")


def test_a_password_is_sent_to_nobody_who_could_be_overheard() -> None:
    with pytest.raises(ConfigurationError, match="https"):
        Client("http://preread.hospital").sign_in("anna", "secret")
    Client("http://127.0.0.1:8100", token="preread_secret").close()


def test_certificates_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        Client(URL, ca=tmp_path / "no.pem")


def test_of_the_events_only_changes_are_told() -> None:
    told = ['data: {"study_instance_uid": "1.2", "html": "<tr>",', 'data: "fingerprint": "ab"}']
    lines = [
        "event: alive", "data: {}", "",
        "event: study", *told, "",
        "event: summary", "data: {}", "",
    ]  # fmt: skip
    assert list(changes(lines)) == [StudyChanged("1.2", "ab")]


def test_an_event_of_another_form_is_an_error() -> None:
    with pytest.raises(UnexpectedAnswer):
        list(changes(["event: study", "data: {}", ""]))


def test_events_are_refused_with_the_servers_sentence() -> None:
    client = answering(lambda _: httpx.Response(503, json={"detail": "too many pages are open"}))
    with pytest.raises(WorklistUnavailable, match="too many pages"), client.events():
        pass
