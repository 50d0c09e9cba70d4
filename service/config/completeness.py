"""Completeness rules: what tells that all images of a study are here. Typed, as routing rules are."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from service.config.rules import Predicate
from service.config.types import Name, Seconds, Section

View = Annotated[str, StringConstraints(pattern=r"^[LR] (CC|MLO|ML|LM|LMO|XCCL|XCCM|FB|SIO|ISO)$")]
"""Side and view of a mammogram, such as `R MLO`; the view by its ACR letters (PS3.16 CID 4014)."""


class ExpectedViews(Section):
    """Mammograms that make a study complete, told from coded attributes alone."""

    expected: tuple[View, ...] = ()
    """Views such as `R CC`: side, blank, view by its letters in PS3.16 CID 4014. Empty: views are not looked
    at. Only images FOR PRESENTATION count. Spot compression, magnification, rolled and other modified views
    are understood and never stand for the plain one."""
    tomosynthesis: bool = False
    """Whether a tomosynthesis image counts as its view. Off: the 2D image, acquired or made from the
    tomosynthesis, is waited for."""
    implant_displaced: bool = False
    """Whether an implant-displaced image counts as its view. Off: the plain one is waited for."""
    unilateral: Literal["after_quiet_period", "when_announced"] = "after_quiet_period"
    """When the views of one side suffice for a study all of whose mammograms show that side. After the quiet
    period: nobody turned to the other breast in that time. When announced: only where `unilateral_when`
    holds."""
    unilateral_when: dict[str, Predicate] = Field(default_factory=dict)
    """Predicates, as in `when`, that tell that the study was ordered for one side: the views of that side
    then suffice at once. Empty: nothing tells."""


class Completeness(Section):
    """When a study counts as complete; the first rule that matches applies, without one the quiet period."""

    name: Name
    """How reasons and logs call it."""
    when: dict[str, Predicate] = Field(default_factory=dict)
    """DICOM keyword (or a path of keywords through sequences, joined by dots) to predicate. All must hold on
    one and the same instance. Empty: every study."""
    views: ExpectedViews = ExpectedViews()
    """Which mammograms are expected."""
    count: Literal["off", "announced", "pacs"] = "off"
    """Complete when as many instances are here as Number of Study Related Instances (0020,1208) of any of
    them says (`announced`), or as the PACS has (`pacs`): it is asked once nothing has come for `settling_s`,
    and again every 30 s."""
    procedure_steps: bool = False
    """Complete when every performed procedure step (MPPS) of the study has ended and all instances that they
    name are here. Without a step this condition has nothing to say."""
    association_released: bool = False
    """Complete when the association that brought the last instance was released. Give `settling_s` the time
    between two associations of a sender that makes one for each image."""
    complete_when: Literal["all", "any"] = "all"
    """Whether all conditions above must be met, or one is enough."""
    settling_s: Annotated[float, Field(ge=0)] = 5.0
    """Seconds without a new instance, or a release, before conditions that are met count: a further view or
    association may follow, and would make a second report."""
    quiet_period_s: Seconds | None = None
    """Seconds without a new instance after which a study is complete of which no condition can say anything,
    such as a count that nobody announced. Empty: `assemble.quiet_period_s`."""
    after_quiet_period: Literal["wait", "process"] = "wait"
    """What becomes of a quiet study of which a condition says that something is missing. `wait`: until it
    comes, or the ceiling. `process`: it counts as complete, and the reason names what was missing."""
    ceiling_s: Seconds | None = None
    """Seconds after the first instance of a revision at which waiting ends. Empty: `assemble.ceiling_s`."""
    at_ceiling: Literal["process", "park"] | None = None
    """What happens then. Empty: `assemble.at_ceiling`."""


def check_waits(what: str, ceiling_s: float, waits_s: dict[str, float]) -> None:
    """Raises ValueError where the ceiling would come before one of the waits, which then never ended."""
    for name, seconds in waits_s.items():
        if ceiling_s < seconds:
            raise ValueError(
                f"{what}: ceiling_s = {ceiling_s:g} ends before {name} = {seconds:g}; raise ceiling_s"
            )
