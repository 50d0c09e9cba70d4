"""Routing: which classifiers read a study, and where their results go. Pure: headers and rules in, route out.

A rule matches when all its predicates hold on one and the same instance. All rules that match count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from service.config import Rule
from service.dicom.predicates import holds, misses, values_of, wish
from service.study.model import InstanceHeader, Priority


@dataclass(frozen=True, slots=True)
class Route:
    """Where a study goes. Without a matching rule everything is empty."""

    classifiers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Classifier -> destinations of its results, each in the order of the rules."""
    priority: Priority = Priority.ROUTINE
    """Urgent if any matching rule is."""
    rules: tuple[str, ...] = ()
    """Names of the matching rules."""
    assumed_body_parts: Mapping[str, str] = field(default_factory=dict)
    """Classifier -> the body part to assume where the header names none, by the first rule that says so."""


@dataclass(frozen=True, slots=True)
class PredicateOutcome:
    """One predicate of a rule on the rule's best instance."""

    wish: str
    """What was asked for, such as `Modality = US`."""
    keyword: str
    values: tuple[str, ...]
    """What the instance has; empty where the attribute is absent or blank."""
    holds: bool
    holds_elsewhere: bool
    """Whether it holds on another instance of the study, which does not count."""


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """One rule on the instance on which most of its predicates hold (the first such)."""

    rule: str
    matched: bool
    sop_instance_uid: str
    """The best instance; empty when the study has none."""
    predicates: tuple[PredicateOutcome, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Every rule, with what it wanted and what it saw."""

    rules: tuple[RuleOutcome, ...]
    reason: str
    """One sentence for a person: which rules match, or why none does."""


def route(instances: Sequence[InstanceHeader], rules: Sequence[Rule]) -> Route:
    """The route of a study. Each instance is one header; the order of the instances does not matter."""
    matching = [rule for rule in rules if any(misses(rule.when, instance) == 0 for instance in instances)]
    destinations: dict[str, dict[str, None]] = {}
    for rule in matching:
        for classifier in rule.classifiers:
            destinations.setdefault(classifier, {}).update(dict.fromkeys(rule.destinations))
    assumed = {
        classifier: rule.assume_body_part
        for rule in reversed(matching)
        for classifier in rule.classifiers
        if rule.assume_body_part
    }
    urgent = any(rule.priority is Priority.URGENT for rule in matching)
    return Route(
        classifiers={classifier: tuple(names) for classifier, names in destinations.items()},
        priority=Priority.URGENT if urgent else Priority.ROUTINE,
        rules=tuple(rule.name for rule in matching),
        assumed_body_parts=assumed,
    )


def explain(instances: Sequence[InstanceHeader], rules: Sequence[Rule]) -> Explanation:
    """Why `route` answers as it does on the same arguments."""
    outcomes = tuple(_outcome(rule, instances) for rule in rules)
    return Explanation(outcomes, _reason(outcomes, bool(instances)))


def _outcome(rule: Rule, instances: Sequence[InstanceHeader]) -> RuleOutcome:
    if not instances:
        return RuleOutcome(rule.name, matched=False, sop_instance_uid="", predicates=())
    best = min(instances, key=lambda instance: misses(rule.when, instance))
    predicates = tuple(
        PredicateOutcome(
            wish=wish(keyword, predicate),
            keyword=keyword,
            values=values_of(best, keyword),
            holds=holds(predicate, values_of(best, keyword)),
            holds_elsewhere=any(
                holds(predicate, values_of(other, keyword)) for other in instances if other is not best
            ),
        )
        for keyword, predicate in rule.when.items()
    )
    matched = all(predicate.holds for predicate in predicates)
    return RuleOutcome(rule.name, matched, best.sop_instance_uid, predicates)


def _reason(outcomes: Sequence[RuleOutcome], has_instances: bool) -> str:
    if not outcomes:
        return "no rule matches: no rules are configured"
    if not has_instances:
        return "no rule matches: the study has no readable instance"
    matched = [outcome.rule for outcome in outcomes if outcome.matched]
    if matched:
        return f"matched by {', '.join(f'rule {name}' for name in matched)}"
    return "no rule matches: " + "; ".join(map(_why_not, outcomes))


def _why_not(outcome: RuleOutcome) -> str:
    failed = (_shortfall(predicate) for predicate in outcome.predicates if not predicate.holds)
    return f"rule {outcome.rule} wants {' and '.join(failed)}"


def _shortfall(predicate: PredicateOutcome) -> str:
    seen = ", ".join(predicate.values) or f"no {predicate.keyword}"
    if predicate.holds_elsewhere:
        return f"{predicate.wish} on the same image, which has {seen}"
    return f"{predicate.wish}, this study has {seen}"
