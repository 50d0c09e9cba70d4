"""The rules as promotions have left them: a classifier from a rule's shadow in the other one's place.

The configuration stays as it is: where it was deployed from is not for the service to write. Rules that name
both otherwise, because somebody has edited them since, are left alone.
"""

from collections.abc import Iterable, Sequence

from service.config import Rule
from service.storage.promotions import Promotion


def promoted(rules: Sequence[Rule], promotions: Iterable[Promotion]) -> tuple[Rule, ...]:
    """The rules after all promotions, the oldest first. A second one may take the first one back."""
    found = tuple(rules)
    for one in promotions:
        found = tuple(_swapped(rule, one) if applies(rule, one) else rule for rule in found)
    return found


def applies(rule: Rule, promotion: Promotion) -> bool:
    """Whether the rule has the promoted classifier in the shadow of the other one."""
    return promotion.promoted in rule.shadow and promotion.demoted in rule.classifiers


def told(classifiers: Iterable[str], promotions: Sequence[Promotion]) -> str:
    """Of classifiers that run, which were promoted last, as an end for a sentence; empty for none."""
    last = {one.promoted: one for one in promotions}
    return "".join(f"; {last[name].told()}" for name in classifiers if name in last)


def _swapped(rule: Rule, promotion: Promotion) -> Rule:
    new, old = promotion.promoted, promotion.demoted
    return rule.model_copy(
        update={
            "classifiers": tuple(new if name == old else name for name in rule.classifiers),
            "shadow": tuple(old if name == new else name for name in rule.shadow),
        }
    )
