from pathlib import Path
from typing import Any

from service.config import Settings
from service.storage.ledger.ledger import Ledger
from service.study.prior import PriorsWanted
from service.wiring.priors import prior_fetching, prior_policy

DIMSE = {"host": "127.0.0.1", "port": 104, "ae_title": "PACS"}
GET = {"name": "get", "dimse": DIMSE | {"calling_ae_title": "FETCHER"}}
MOVE = {"name": "move", "dimse": DIMSE | {"retrieve": "c-move"}}
WEB = {"name": "web", "dicomweb": {"qido_url": "http://127.0.0.1:1"}}


def settings(rules: list[dict[str, Any]], **values: Any) -> Settings:
    named = [{"name": "compare", "classifiers": ["us-mass"]} | rule for rule in rules]
    return Settings.model_validate({"rules": named, "sources": [GET, MOVE, WEB], **values})


def test_policy_says_what_rules_ask_for_and_from_where() -> None:
    policy = prior_policy(settings([{"priors": {"count": 3, "modalities": ["MG"]}}]))
    assert policy.of_rules == {"compare": PriorsWanted(3, 5, ("MG",))}
    assert (policy.source, policy.timeout_s, policy.analyse) == ("get", 120.0, False)


def test_priors_come_under_our_own_title_or_that_of_the_pacs_that_moves_them() -> None:
    titles = {
        name: prior_policy(settings([], priors={"source": name})).brought_by
        for name in ("get", "move", "web")
    }
    assert titles == {"get": {"FETCHER"}, "move": {"PACS"}, "web": {"PREREAD"}}


def test_nothing_is_fetched_where_nothing_asks_for_priors(ledger: Ledger, tmp_path: Path) -> None:
    assert prior_fetching(settings([{}]), ledger) is None
    assert prior_fetching(settings([{"priors": {}}], sources=[]), ledger) is None
    assert prior_fetching(settings([{"priors": {}}]), ledger) is not None


def test_classifier_that_is_not_installed_here_asks_for_nothing() -> None:
    assert prior_policy(settings([{"classifiers": ["none-such"]}])).of_classifiers == {}
