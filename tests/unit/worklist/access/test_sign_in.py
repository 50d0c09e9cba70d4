from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI

from service.access.records import Action
from service.access.roles import Role
from service.config import Settings, WorklistSettings
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from service.worklist.access import gate
from service.worklist.access.sign_in import MOST_FAILED, local_path
from service.worklist.app import create_app
from tests.unit.worklist.access.people import OURS, PASSWORD, account, sign_in, signed_in
from tests.unit.worklist.clients import from_elsewhere, from_here


@pytest.fixture
def app(ledger: Ledger, store: MemoryStore) -> FastAPI:
    return create_app(ledger, store, Settings(worklist=WorklistSettings(bind="0.0.0.0")))


def failures(ledger: Ledger) -> list[tuple[str, str]]:
    with ledger.read() as tx:
        return [(one.who, one.detail) for one in tx.audit.newest(99) if one.action is Action.SIGN_IN_FAILED]


def test_a_page_leads_to_the_form_and_back(app: FastAPI, ledger: Ledger) -> None:
    account(ledger, "anna", Role.RADIOLOGIST)
    client = from_elsewhere(app)
    refused = client.get("/?state=failed")
    assert (refused.status_code, refused.headers["location"]) == (
        303,
        "/sign-in?following=%2F%3Fstate%3Dfailed",
    )
    form = client.get(refused.headers["location"]).text
    assert 'value="/?state=failed"' in form
    entered = client.post(
        "/sign-in", data={"name": "Anna ", "password": PASSWORD, "following": "/?state=failed"}, headers=OURS
    )
    assert (entered.status_code, entered.headers["location"]) == (303, "/?state=failed")
    page = client.get("/?state=failed")
    assert page.status_code == 200
    assert "Sign out" in page.text


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(app: FastAPI, ledger: Ledger) -> None:
    account(ledger, "anna", Role.RADIOLOGIST)
    client = from_elsewhere(app)
    form = {"name": "anna", "password": PASSWORD}
    cookie = client.post("/sign-in", data=form, headers=OURS).headers["set-cookie"]
    assert cookie.startswith("__Host-preread_session=")
    for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert word in cookie
    assert "Domain" not in cookie


def test_who_signs_out_is_out_and_his_cookie_opens_nothing_any_more(app: FastAPI, ledger: Ledger) -> None:
    client = signed_in(app, ledger, Role.RADIOLOGIST)
    cookies = dict(client.cookies)
    left = client.post("/sign-out", headers=OURS)
    assert (left.status_code, left.headers["location"]) == (303, "/sign-in")
    assert client.get("/").status_code == 303
    stolen = from_elsewhere(app)
    stolen.cookies.update(cookies)
    assert stolen.get("/").status_code == 303


@pytest.mark.parametrize(
    ("name", "password", "told"),
    [
        ("anna", "wrong horse battery", ("anna", "wrong name or password")),
        ("nobody-here", PASSWORD, ("nobody", "wrong name or password")),
        ("gone", PASSWORD, ("gone", "the account is disabled")),
    ],
)
def test_who_has_no_account_stays_out_and_it_is_written_down(
    app: FastAPI, ledger: Ledger, name: str, password: str, told: tuple[str, str]
) -> None:
    account(ledger, "anna", Role.RADIOLOGIST)
    account(ledger, "gone", Role.RADIOLOGIST, disabled=True)
    client = from_elsewhere(app)
    assert sign_in(client, name, password) == 401
    assert client.get("/").status_code == 303
    assert failures(ledger) == [told]


def test_nobody_can_try_passwords_for_long(app: FastAPI, ledger: Ledger) -> None:
    account(ledger, "anna", Role.RADIOLOGIST)
    client = from_elsewhere(app)
    for _ in range(MOST_FAILED):
        assert sign_in(client, "anna", "wrong horse battery") == 401
    assert sign_in(client, "anna", PASSWORD) == 429
    assert len(failures(ledger)) == MOST_FAILED


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]
)
def test_no_other_page_signs_anybody_in_or_out(app: FastAPI, ledger: Ledger, headers: dict[str, str]) -> None:
    client = signed_in(app, ledger, Role.RADIOLOGIST)
    form = {"name": "radiologist", "password": PASSWORD}
    assert client.post("/sign-in", data=form, headers=headers).status_code == 403
    assert client.post("/sign-out", headers=headers).status_code == 403
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    ("idle_min", "open_h", "status"), [(29.0, 1.0, 200), (31.0, 1.0, 303), (0.0, 11.9, 200), (0.0, 12.1, 303)]
)
def test_a_session_runs_out(
    app: FastAPI,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
    idle_min: float,
    open_h: float,
    status: int,
) -> None:
    client = signed_in(app, ledger, Role.RADIOLOGIST)
    began = datetime.now(UTC)
    now = began + timedelta(hours=open_h)
    with ledger.begin() as tx:
        (key,) = tx.connection.exec_driver_sql("SELECT digest FROM web_sessions").scalars()
        tx.accounts.seen(key, now - timedelta(minutes=idle_min))
    monkeypatch.setattr(gate, "_now", lambda: now)
    assert client.get("/").status_code == status


def test_what_a_page_fetches_by_itself_keeps_no_session_alive(
    app: FastAPI, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in(app, ledger, Role.RADIOLOGIST)
    began = datetime.now(UTC)
    for minute in (10, 20, 29):
        monkeypatch.setattr(gate, "_now", lambda minute=minute: began + timedelta(minutes=minute))
        assert client.get("/rows").status_code == 200
    monkeypatch.setattr(gate, "_now", lambda: began + timedelta(minutes=31))
    assert client.get("/rows").status_code == 401
    monkeypatch.setattr(gate, "_now", lambda: began + timedelta(minutes=20))
    assert client.get("/").status_code == 200  # a click
    monkeypatch.setattr(gate, "_now", lambda: began + timedelta(minutes=45))
    assert client.get("/rows").status_code == 200


def test_without_an_account_the_page_says_how_to_make_one(app: FastAPI) -> None:
    page = from_elsewhere(app).get("/sign-in").text
    assert "preread account add" in page
    assert "<form" not in page


def test_a_plain_page_says_that_it_is(app: FastAPI, ledger: Ledger) -> None:
    account(ledger, "anna", Role.RADIOLOGIST)
    assert "not encrypted" in from_elsewhere(app, "http://preread.hospital").get("/sign-in").text
    assert "not encrypted" not in from_elsewhere(app).get("/sign-in").text


def test_a_session_works_where_nobody_needs_one(app: FastAPI, ledger: Ledger, store: MemoryStore) -> None:
    account(ledger, "anna", Role.RADIOLOGIST)
    client = from_here(create_app(ledger, store, Settings()))
    assert "Sign out" not in client.get("/").text
    headers = {"Origin": "http://127.0.0.1:8100"}
    client.post("/sign-in", data={"name": "anna", "password": PASSWORD}, headers=headers)
    assert "Sign out" in client.get("/").text


@pytest.mark.parametrize(
    ("path", "local"),
    [
        ("/studies/1.2", "/studies/1.2"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("", "/"),
        ("/\nSet-Cookie: x", "/"),
    ],
)
def test_nobody_is_led_elsewhere(path: str, local: str) -> None:
    assert local_path(path) == local
