"""Which completeness rule applies to a study, with the times that it takes from the settings of all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from service.config import AssembleSettings, Completeness
from service.dicom.predicates import misses
from service.study.model import InstanceHeader


@dataclass(frozen=True, slots=True)
class Policy:
    """One completeness rule in force. `name` is empty where no rule matched."""

    name: str
    rule: Completeness
    quiet_period: timedelta
    settling: timedelta
    ceiling: timedelta
    parks: bool

    @property
    def has_conditions(self) -> bool:
        """Whether the rule asks for anything but the quiet period."""
        rule = self.rule
        return bool(
            rule.views.expected or rule.count != "off" or rule.procedure_steps or rule.association_released
        )

    @property
    def earliest(self) -> timedelta:
        """The shortest time after a sender's last sign at which a study can be complete."""
        return min(self.settling, self.quiet_period) if self.has_conditions else self.quiet_period


def policies(settings: AssembleSettings) -> tuple[Policy, ...]:
    """All rules in their order, then what holds for any other study: the quiet period."""
    rules = [(rule.name, rule) for rule in settings.completeness]
    return tuple(
        Policy(
            name=name,
            rule=rule,
            quiet_period=timedelta(seconds=rule.quiet_period_s or settings.quiet_period_s),
            settling=timedelta(seconds=rule.settling_s),
            ceiling=timedelta(seconds=rule.ceiling_s or settings.ceiling_s),
            parks=(rule.at_ceiling or settings.at_ceiling) == "park",
        )
        for name, rule in [*rules, ("", Completeness(name="any"))]
    )


def policy_for(policies: Sequence[Policy], headers: Sequence[InstanceHeader]) -> Policy:
    """The first of which one header fulfils all predicates; the last one where none does."""
    for policy in policies[:-1]:
        if any(misses(policy.rule.when, header) == 0 for header in headers):
            return policy
    return policies[-1]
