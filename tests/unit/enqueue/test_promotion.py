"""A classifier from the shadow takes the other one's place, and can be taken back."""

from dataclasses import replace
from datetime import UTC, datetime

from service.config import Rule
from service.enqueue.promotion import PromotedRules, promoted
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.promotions import Promotion
from service.storage.store.memory import MemoryStore
from tests.unit.enqueue.test_shadow import SHADOWED, queued
from tests.unit.pipeline import US_TO_PACS, messages, study_of

NEXT = Promotion("us-next", "us-mass", "op", datetime(2026, 11, 28, tzinfo=UTC), {"both_scored": 60})
BACK = replace(NEXT, promoted="us-mass", demoted="us-next")


def names(rule: Rule) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return rule.classifiers, rule.shadow


def test_they_change_places_and_back() -> None:
    (rule,) = promoted([SHADOWED], [NEXT])
    assert names(rule) == (("us-next",), ("us-mass",))
    (rule,) = promoted([SHADOWED], [NEXT, BACK])
    assert names(rule) == names(SHADOWED)


def test_a_rule_that_names_them_otherwise_is_left_alone() -> None:
    edited = SHADOWED.model_copy(update={"classifiers": ("us-next",), "shadow": ()})
    assert promoted([US_TO_PACS, edited], [NEXT]) == (US_TO_PACS, edited)


def test_studies_are_routed_so_and_say_why(ledger: Ledger, store: MemoryStore) -> None:
    with ledger.begin() as tx:
        tx.promotions.add(NEXT)

    uid = queued(ledger, store)

    assert study_of(ledger, uid).reason == (
        "waiting for us-next (rule us; us-next promoted over us-mass by op on 2026-11-28)"
    )
    assert len(messages(ledger, "inference.us-next.urgent")) == 1
    assert len(messages(ledger, "inference.us-mass")) == 1  # in the shadow now


def test_the_ledger_is_asked_only_for_promotions_that_are_new(ledger: Ledger) -> None:
    rules = PromotedRules([SHADOWED])
    for entry, classifiers in ((NEXT, ("us-next",)), (BACK, ("us-mass",))):
        with ledger.begin() as tx:
            tx.promotions.add(entry)
        with ledger.read() as tx:
            assert rules.now(tx)[0].classifiers == classifiers
            assert rules.now(tx)[0].classifiers == classifiers
            assert tx.promotions.after(rules._seen) == ()
        assert rules.told(classifiers) == f"; {entry.told()}"
    assert rules.told(["us-other"]) == ""
