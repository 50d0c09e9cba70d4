"""People sign in to the worklist in a real browser: by an account of it, and by a real identity provider."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from service.access.records import Action
from service.access.roles import Role
from service.config.oidc import OidcSettings
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from tests.integration.room import served
from tests.integration.test_accessibility import RULES
from tests.servers.oidc import CLIENT_ID, CLIENT_SECRET
from tests.servers.process import HOST, free_port
from tests.unit.worklist import reading_room
from tests.unit.worklist.access.people import PASSWORD, account
from tests.unit.worklist.builders import Seed

pytestmark = pytest.mark.integration


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite3")
    ledger.upgrade()
    yield ledger
    ledger.close()


@pytest.fixture
def study(ledger: Ledger) -> Seed:
    return reading_room.positive(Seed(ledger, MemoryStore(), 1))


def enter(page: Page, name: str, password: str = PASSWORD) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_form_is_for_everybody(page: Page, ledger: Ledger, study: Seed, scheme: Any) -> None:
    account(ledger, "anna", Role.RADIOLOGIST)
    page.emulate_media(color_scheme=scheme)
    with served(ledger, study.store, sign_in="always") as url:
        page.goto(f"{url}/studies/{study.uid}")
        enter(page, "anna", "wrong horse battery")
        expect(page.get_by_role("alert")).to_contain_text("do not go together")
        page.wait_for_load_state()
        found = Axe().run(page, options=RULES).response["violations"]
        assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []
        enter(page, "anna")
        expect(page).to_have_url(f"{url}/studies/{study.uid}")
        page.wait_for_load_state()  # an address is there before its style
        found = Axe().run(page, options=RULES).response["violations"]
        assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []


def test_a_radiologist_assesses_by_her_accounts_name_and_signs_out(
    page: Page, ledger: Ledger, study: Seed
) -> None:
    account(ledger, "anna", Role.RADIOLOGIST)
    with served(ledger, study.store, sign_in="always") as url:
        page.goto(f"{url}/studies/{study.uid}")
        enter(page, "anna")
        expect(page.get_by_label("Your name or initials")).to_have_count(0)
        page.get_by_role("button", name="Accept").click()
        expect(page.locator(".assessment.accepted")).to_contain_text("Accepted by Anna")
        page.get_by_role("button", name="Sign out").click()
        expect(page).to_have_url(f"{url}/sign-in")
        page.goto(f"{url}/")
        expect(page.get_by_role("heading")).to_have_text("Sign in")


def test_an_open_list_goes_when_the_session_ends(page: Page, ledger: Ledger, study: Seed) -> None:
    account(ledger, "anna", Role.RADIOLOGIST)
    with served(ledger, study.store, sign_in="always") as url:
        page.goto(f"{url}/")
        enter(page, "anna")
        expect(page.locator(f'[data-study="{study.uid}"]')).to_be_visible()
        with ledger.begin() as tx:
            tx.accounts.end_sessions_of("anna")
        expect(page.get_by_role("heading")).to_have_text("Sign in", timeout=60_000)
        expect(page.locator("[data-study]")).to_have_count(0)


def test_a_technician_sees_no_patients_and_no_form(page: Page, ledger: Ledger, study: Seed) -> None:
    account(ledger, "tech", Role.SERVICE)
    with served(ledger, study.store, sign_in="always") as url:
        page.goto(f"{url}/")
        enter(page, "tech")
        row = page.locator(f'[data-study="{study.uid}"]')
        expect(row).to_contain_text("hidden")
        expect(page.get_by_text("Okafor")).to_have_count(0)
        page.goto(f"{url}/studies/{study.uid}")
        expect(page.locator("form.assess")).to_have_count(0)
        expect(page.get_by_text("Pictures are hidden from your role")).to_have_count(1)


@pytest.fixture
def at_the_provider(
    ledger: Ledger, study: Seed, oidc_provider: Callable[[str], str], tmp_path: Path
) -> Iterator[str]:
    """Address of a worklist that people sign in to with the provider."""
    port = free_port()
    url = f"http://{HOST}:{port}"
    (tmp_path / "secret").write_text(CLIENT_SECRET)
    oidc = OidcSettings(
        issuer=oidc_provider(f"{url}/sign-in/oidc/callback"),
        client_id=CLIENT_ID,
        client_secret_file=tmp_path / "secret",
        title="the clinic's account",
        roles={Role.RADIOLOGIST: ("breast-radiology",), Role.ADMINISTRATOR: ("pacs-admins",)},
    )
    with served(ledger, study.store, sign_in="always", port=port, public_url=url, oidc=oidc):
        yield url


def sign_in_there(page: Page, url: str, name: str) -> None:
    page.goto(f"{url}/?state=delivered")
    page.get_by_role("link", name="Sign in with the clinic's account").click()
    page.get_by_placeholder("Enter any login").fill(name)
    page.get_by_placeholder("and password").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()


@pytest.mark.parametrize(("name", "role"), [("rosa", "radiologist"), ("adam", "administrator")])
def test_a_providers_groups_give_roles(
    page: Page, ledger: Ledger, at_the_provider: str, name: str, role: str
) -> None:
    sign_in_there(page, at_the_provider, name)
    expect(page).to_have_url(f"{at_the_provider}/?state=delivered")
    expect(page.locator("form.person")).to_contain_text(f"Dr {name}")
    expect(page.locator("form.person")).to_contain_text(role)
    with ledger.read() as tx:
        signed_in = tx.audit.newest(9, who=name)[-1]
    assert (signed_in.action, signed_in.role, signed_in.detail) == (Action.SIGNED_IN, role, "oidc")


def test_who_is_in_none_of_the_groups_is_turned_away(
    page: Page, ledger: Ledger, at_the_provider: str
) -> None:
    sign_in_there(page, at_the_provider, "stray")
    expect(page.get_by_text("none of the groups")).to_be_visible()
    page.goto(at_the_provider)
    expect(page.get_by_role("heading")).to_have_text("Sign in")
    with ledger.read() as tx:
        assert [one.action for one in tx.audit.newest(9)] == [Action.SIGN_IN_FAILED]


def test_a_code_that_nobody_asked_for_signs_nobody_in(page: Page, at_the_provider: str) -> None:
    page.goto(f"{at_the_provider}/sign-in/oidc/callback?code=stolen&state=made-up")
    expect(page.get_by_text("did not sign you in")).to_be_visible()
    page.goto(at_the_provider)
    expect(page.get_by_role("heading")).to_have_text("Sign in")
