"""Routing: which classifiers read a study, and where their results go. Pure: headers and rules in, route out.

A rule matches when all its predicates, those on AE titles too, hold on one and the same instance. All rules
that match count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from service.config import Rule
from service.dicom.predicates import (
    CALLED_AE_TITLE,
    CALLING_AE_TITLE,
    When,
    holds,
    misses,
    values_of,
    wish,
)
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
    series: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Classifier -> the Series Instance UIDs that it reads, sorted. One that reads the study is not there."""
    shadows: tuple[str, ...] = ()
    """Classifiers that read the study in the shadow: none that reads it anyway."""
    managers: tuple[str, ...] = ()
    """Worklist managers that have asked for some of this by workitems."""

    @property
    def asked_by(self) -> str:
        """Which rules and workitems it comes from, for a person."""
        asked = [f"rule {', '.join(self.rules)}"] if self.rules else []
        return " and ".join([*asked, *(f"a workitem of {name}" for name in self.managers)])


@dataclass(frozen=True, slots=True)
class PredicateOutcome:
    """One predicate of a rule on the rule's best instance."""

    wish: str
    """What was asked for, such as `Modality = US`."""
    keyword: str
    """DICOM keyword, path of keywords, `called AE title` or `calling AE title`."""
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
    found = [(rule, series) for rule in rules if (series := _series(rule, instances))]
    matching = [rule for rule, _ in found]
    destinations: dict[str, dict[str, None]] = {}
    for rule in matching:
        for classifier in rule.classifiers:
            destinations.setdefault(classifier, {}).update(dict.fromkeys(rule.destinations))
    assumed = {
        classifier: rule.assume_body_part
        for rule in reversed(matching)
        for classifier in (*rule.classifiers, *rule.shadow)
        if rule.assume_body_part
    }
    urgent = any(rule.priority is Priority.URGENT for rule in matching)
    return Route(
        classifiers={classifier: tuple(names) for classifier, names in destinations.items()},
        priority=Priority.URGENT if urgent else Priority.ROUTINE,
        rules=tuple(rule.name for rule in matching),
        assumed_body_parts=assumed,
        series=_series_read(found),
        shadows=tuple(
            dict.fromkeys(name for rule in matching for name in rule.shadow if name not in destinations)
        ),
    )


def explain(instances: Sequence[InstanceHeader], rules: Sequence[Rule]) -> Explanation:
    """Why `route` answers as it does on the same arguments."""
    outcomes = tuple(_outcome(rule, instances) for rule in rules)
    return Explanation(outcomes, _reason(outcomes, bool(instances)))


def _series(rule: Rule, instances: Sequence[InstanceHeader]) -> set[str]:
    """The series that have an instance on which all predicates of a rule hold."""
    asked = _asked(rule)
    return {instance.series_instance_uid for instance in instances if misses(asked, instance) == 0}


def _series_read(matching: Sequence[tuple[Rule, set[str]]]) -> dict[str, tuple[str, ...]]:
    """What the classifiers read that no matching rule gives all images."""
    given_all = {name for rule, _ in matching if rule.level == "study" for name in rule.classifiers}
    found: dict[str, set[str]] = {}
    for rule, series in matching:
        for name in set(rule.classifiers) - given_all:
            found.setdefault(name, set()).update(series)
    return {name: tuple(sorted(uids)) for name, uids in found.items()}


def _asked(rule: Rule) -> When:
    """All that a rule asks of one and the same instance."""
    ae_titles = {CALLED_AE_TITLE: rule.called_ae_title, CALLING_AE_TITLE: rule.calling_ae_title}
    return {name: predicate for name, predicate in ae_titles.items() if predicate} | rule.when


def _outcome(rule: Rule, instances: Sequence[InstanceHeader]) -> RuleOutcome:
    if not instances:
        return RuleOutcome(rule.name, matched=False, sop_instance_uid="", predicates=())
    asked = _asked(rule)
    best = min(instances, key=lambda instance: misses(asked, instance))
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
        for keyword, predicate in asked.items()
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
