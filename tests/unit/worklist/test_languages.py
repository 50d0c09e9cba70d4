import json
import re
from html import unescape
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from fastapi.testclient import TestClient

from service.config import Settings, WorklistSettings
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from service.worklist import actions, embed, rendering, wording
from service.worklist.access import sign_in
from service.worklist.app import STATIC, create_app
from service.worklist.language import CATALOGUES, catalogue, preferred
from service.worklist.pages import CHOICES
from tests.unit.worklist import reading_room
from tests.unit.worklist.builders import Seed
from tests.unit.worklist.clients import from_here

TRANSLATED = re.compile(r'\b_\(\s*"((?:[^"\\]|\\.)*)"\s*\)')
SAID = re.compile(r'\bsay\(\s*"((?:[^"\\]|\\.)*)"')
LABELS = (
    wording.STATE_LABELS,
    wording.NO_SCORE_LABELS,
    wording.ANALYSIS_LABELS,
    wording.PROOF_LABELS,
    wording.WORK_LABELS,
    wording.OBJECT_LABELS,
    wording.DELIVERY_LABELS,
    wording.VERDICT_LABELS,
    wording.SIDES,
    wording.ROLE_LABELS,
    rendering._TITLES,
)


def words() -> set[str]:
    """All that pages say by themselves, in English."""
    found = set(TRANSLATED.findall(Path(wording.__file__).read_text(encoding="utf-8")))
    for template in rendering.TEMPLATES.glob("*.html"):
        found |= set(TRANSLATED.findall(template.read_text(encoding="utf-8")))
    for labels in LABELS:
        found |= set(labels.values())
    found |= set(re.findall(r'Action\("([^"]+)"', Path(actions.__file__).read_text(encoding="utf-8")))
    found |= {rendering._SOMETHING, sign_in.WRONG, CHOICES["state_choices"][0][1]}
    found |= {CHOICES["verdict_choices"][0][1]}
    return found | set(rendering.SCRIPT_WORDS) | set(embed.WORDS)


def test_the_catalogue_has_every_word_and_no_other() -> None:
    assert set(catalogue("zh")) == words()


def test_every_value_keeps_its_place() -> None:
    for english, chinese in catalogue("zh").items():
        assert chinese.count("{}") == english.count("{}"), english


def test_the_catalogue_is_one_that_translators_can_use() -> None:
    with (CATALOGUES / "zh.po").open("rb") as file:
        read = read_po(file, abort_invalid=True)
    assert str(read.locale) == "zh_Hans"
    assert [one.id for one in read if one.id and one.fuzzy] == []


def test_scripts_say_what_the_page_hands_them() -> None:
    said = set()
    for script in STATIC.glob("*.js"):
        if script.name != "overlay.js":
            said |= set(SAID.findall(script.read_text(encoding="utf-8")))
    assert said == set(rendering.SCRIPT_WORDS)
    assert set(SAID.findall((STATIC / "overlay.js").read_text(encoding="utf-8"))) == set(embed.WORDS)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("de-DE,de;q=0.9,zh;q=0.5,en;q=0.4", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("zh;q=0", "en"),
        ("fr, zh;q=nonsense", "en"),
        ("*", "en"),
    ],
)
def test_a_browser_gets_the_language_that_it_likes_best(header: str, language: str) -> None:
    assert preferred(header) == language


def test_pages_are_in_chinese_for_who_wants_it(client: TestClient, seed: Seed) -> None:
    reading_room.positive(seed)
    chinese = {"Accept-Language": "zh-CN"}
    page = client.get("/", headers=chinese).text
    assert '<html lang="zh-Hans"' in page
    for word in ("工作列表", "已送达", "恶性概率"):
        assert word in page
    for word in ("Delivered", "Suggested", "Probability", "Worklist"):
        assert word not in page
    said = re.search(r'data-words="([^"]*)"', page)
    assert said is not None
    assert json.loads(unescape(said[1]))["Not live"] == catalogue("zh")["Not live"]
    assert "时间线" in client.get(f"/studies/{seed.uid}", headers=chinese).text
    assert "Delivered" in client.get("/").text


def test_the_settings_decide_for_everybody(ledger: Ledger, store: MemoryStore) -> None:
    client = from_here(create_app(ledger, store, Settings(worklist=WorklistSettings(language="zh"))))
    assert '<html lang="zh-Hans"' in client.get("/", headers={"Accept-Language": "en"}).text
