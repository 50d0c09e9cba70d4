"""Whether a study is complete: facts in, decision and reason out, nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from service.assemble.conditions import findings
from service.assemble.facts import StudyFacts
from service.assemble.finding import Finding
from service.assemble.policy import Policy


class Outcome(Enum):
    """What is to become of a study."""

    WAIT = auto()
    COMPLETE = auto()
    PROCESS_AT_CEILING = auto()
    PARK = auto()


@dataclass(frozen=True, slots=True)
class Decision:
    """An outcome, and the reason for a person.

    `again_at`: until then, only something new can change the decision; the ceiling at the latest.
    """

    outcome: Outcome
    reason: str
    again_at: datetime


def decide(policy: Policy, facts: StudyFacts, now: datetime) -> Decision:
    """Whether the study is complete by its policy at the moment `now`."""
    waiting = facts.waiting
    settled_at = waiting.last_sign_at + policy.settling
    quiet_at = waiting.last_instance_at + policy.quiet_period
    ceiling_at = waiting.began_at + policy.ceiling
    found = findings(policy.rule, facts, is_quiet=now >= quiet_at)
    is_met = _together(policy, found)
    outcome, reason = Outcome.WAIT, _waiting(policy, found, is_met)
    if is_met and now >= settled_at:
        outcome, reason = Outcome.COMPLETE, f"complete: {_said(found, is_met=True)}"
    elif now >= quiet_at and (is_met is None or policy.rule.after_quiet_period == "process"):
        outcome, reason = Outcome.COMPLETE, f"complete: {_quiet(policy, facts, found)}"
    elif now >= ceiling_at:
        outcome = Outcome.PARK if policy.parks else Outcome.PROCESS_AT_CEILING
        reason = _at_ceiling(policy, reason)
    ahead = [moment for moment in (settled_at, quiet_at, ceiling_at) if moment > now]
    return Decision(outcome, reason + _rule(policy), min(ahead, default=now))


def _together(policy: Policy, found: Sequence[Finding]) -> bool | None:
    """The conditions joined: met, not met, or None where nothing can be said."""
    verdicts = {finding.is_met for finding in found}
    if policy.rule.complete_when == "any" and True in verdicts:
        return True
    if False in verdicts:
        return False
    return True if verdicts == {True} else None


def _said(found: Sequence[Finding], *, is_met: bool | None) -> str:
    return "; ".join(finding.text for finding in found if finding.is_met is is_met)


def _waiting(policy: Policy, found: Sequence[Finding], is_met: bool | None) -> str:
    if is_met:
        return f"{_said(found, is_met=True)}; waiting {_seconds(policy.settling)} for anything further"
    if is_met is False:
        return _said(found, is_met=False)
    return f"receiving: complete when no image has come for {_seconds(policy.quiet_period)}"


def _quiet(policy: Policy, facts: StudyFacts, found: Sequence[Finding]) -> str:
    count = len(facts.received)
    images = "1 image" if count == 1 else f"{count} images"
    unmet = (_said(found, is_met=False), _said(found, is_met=None))
    return "; ".join(filter(None, (f"{images}, none new for {_seconds(policy.quiet_period)}", *unmet)))


def _at_ceiling(policy: Policy, waiting: str) -> str:
    after = f"{_seconds(policy.ceiling)} after its first image, the ceiling"
    if policy.parks:
        return f"parked {after}: {waiting}. `preread retry` processes it as it is"
    return f"processed {after}, though not complete: {waiting}"


def _rule(policy: Policy) -> str:
    return f" (rule {policy.name})" if policy.name else ""


def _seconds(duration: timedelta) -> str:
    return f"{duration.total_seconds():g} s"
