"""The rules as promotions have left them: a classifier from a rule's shadow in the other one's place.

The configuration stays as it is: where it was deployed from is not for the service to write. Rules that name
both otherwise, because somebody has edited them since, are left alone.
"""

from collections.abc import Iterable, Sequence

from service.config import Rule
from service.storage.ledger.ledger import Transaction
from service.storage.ledger.tables.promotions import Promotion


def promoted(rules: Sequence[Rule], promotions: Iterable[Promotion]) -> tuple[Rule, ...]:
    """The rules after all promotions, the oldest first. A second one may take the first one back."""
    found = tuple(rules)
    for one in promotions:
        found = tuple(_swapped(rule, one) if applies(rule, one) else rule for rule in found)
    return found


def applies(rule: Rule, promotion: Promotion) -> bool:
    """Whether the rule has the promoted classifier in the shadow of the other one."""
    return promotion.promoted in rule.shadow and promotion.demoted in rule.classifiers


class PromotedRules:
    """The rules as they are now. The ledger is asked only for the promotions that are new to this object."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        self._last: dict[str, Promotion] = {}
        self._seen = 0

    def now(self, tx: Transaction) -> tuple[Rule, ...]:
        """After every promotion that was entered."""
        for number, one in tx.promotions.after(self._seen):
            self._rules = promoted(self._rules, [one])
            self._last[one.promoted] = one
            self._seen = number
        return self._rules

    def told(self, classifiers: Iterable[str]) -> str:
        """Of classifiers that run, which were promoted last, as an end for a sentence; empty for none."""
        return "".join(f"; {self._last[name].told()}" for name in classifiers if name in self._last)


def _swapped(rule: Rule, promotion: Promotion) -> Rule:
    new, old = promotion.promoted, promotion.demoted
    return rule.model_copy(
        update={
            "classifiers": tuple(new if name == old else name for name in rule.classifiers),
            "shadow": tuple(old if name == new else name for name in rule.shadow),
        }
    )
