"""The settings of `assemble`: when a study counts as complete."""

from typing import Literal, Self

from pydantic import model_validator

from service.config.completeness import Completeness, check_waits
from service.config.rules import Predicate
from service.config.series import SeriesCompleteness
from service.config.types import Seconds, Section


class AssembleSettings(Section):
    """When a study counts as complete."""

    quiet_period_s: Seconds = 60.0
    """Seconds without a new instance. DICOM has no end-of-study signal; 60 s outlasts the pause between two
    images at a scanner."""
    ceiling_s: Seconds = 14400.0
    """Seconds after the first instance of a revision at which waiting ends, whatever still comes: no study
    waits for ever. Counted from the first instance, since one that trickles in would move the last one on."""
    at_ceiling: Literal["process", "park"] = "process"
    """What happens then. `process`: the study is analysed as it is. `park`: it waits, in the state `parked`,
    for a person (`preread retry`) or a further image."""
    alarm_after_s: Seconds = 1800.0
    """Seconds after its last image at which a study that is neither delivered nor ended otherwise raises an
    alarm: a notice above the worklist and a line in the log. It goes its way all the same. Half an hour is
    long for the work itself; what waits longer for views, or for a PACS that is away, is told, too."""
    poll_interval_s: Seconds = 1.0
    """How often studies are looked at that may have become complete."""
    completeness: tuple[Completeness, ...] = ()
    """Rules that tell complete studies sooner and more surely than the quiet period does."""
    series: SeriesCompleteness = SeriesCompleteness()
    """When one series counts as complete."""

    @property
    def whens(self) -> tuple[dict[str, Predicate], ...]:
        """All predicates of the completeness rules."""
        return tuple(when for rule in self.completeness for when in (rule.when, rule.views.unilateral_when))

    @model_validator(mode="after")
    def _rules_can_work(self) -> Self:
        """Names are unique, and no ceiling ends a study before its quiet period can."""
        names = [rule.name for rule in self.completeness]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"two completeness rules are called {', '.join(sorted(twice))}; rename one")
        check_waits("assemble", self.ceiling_s, {"quiet_period_s": self.quiet_period_s})
        for rule in self.completeness:
            quiet_period_s = rule.quiet_period_s or self.quiet_period_s
            waits_s = {"settling_s": rule.settling_s, "quiet_period_s": quiet_period_s}
            check_waits(f"completeness rule {rule.name!r}", rule.ceiling_s or self.ceiling_s, waits_s)
        return self
