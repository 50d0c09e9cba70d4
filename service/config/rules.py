"""Routing rules: typed predicates on DICOM attributes, no expressions that are evaluated."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from service.config.priors import RulePriors
from service.config.types import Name, Section
from service.study.model import Priority


class Predicate(Section):
    """What one attribute must be. Give exactly one key. Text is compared without case and outer blanks."""

    equals: str | None = None
    """One of the attribute's values is this."""
    any_of: tuple[str, ...] | None = None
    """One of the attribute's values is one of these."""
    matches: str | None = None
    """One of the attribute's values matches this pattern with `*` and `?`."""
    none_of: tuple[str, ...] | None = None
    """None of the attribute's values is one of these (an absent attribute passes)."""
    at_least: float | None = None
    """One of the attribute's values is a number not below this."""
    at_most: float | None = None
    """One of the attribute's values is a number not above this."""
    present: bool | None = None
    """The attribute has a value (true) or has none (false)."""

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: object) -> object:
        """`Modality = "US"` and `Modality = ["US", "MG"]` are short for `equals` and `any_of`."""
        if isinstance(value, str):
            return {"equals": value}
        if isinstance(value, list | tuple):
            return {"any_of": value}
        return value

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"give exactly one of {', '.join(type(self).model_fields)}; got {given or 'none'}"
            )
        return self


class Rule(Section):
    """Which studies go to which classifiers and whose results go where. All rules that match count."""

    name: Name
    """How logs and `preread route explain` call it."""
    when: dict[str, Predicate] = Field(default_factory=dict)
    """DICOM keyword (or a path of keywords through sequences, joined by dots) to predicate. All must hold on
    one and the same instance. Empty: every study."""
    called_ae_title: Predicate | None = None
    """What the AE title must be by which the sender called us (one of `accept.ae_title` and
    `accept.extra_ae_titles`), on the same instance as `when`. What comes by STOW-RS, in a folder or by
    `preread submit` has none. Of an image that is sent twice, the first time counts. Empty: any."""
    calling_ae_title: Predicate | None = None
    """What the AE title of the sender must be, on the same instance. Empty: any."""
    classifiers: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Classifiers to run."""
    shadow: tuple[Name, ...] = ()
    """Classifiers to run in the shadow of these, on the whole study: their results are kept and compared
    (`preread shadow report`), and nobody is shown or sent them. No study waits for them."""
    level: Literal["study", "series"] = "study"
    """What the classifiers are given. `study`: all images, once the study is complete. `series`: the series
    of which an image fulfils all predicates, and these as soon as they are complete (`assemble.series`),
    while the rest of the study is still being received. A classifier that another matching rule names with
    `study` gets all images in the end."""
    priors: RulePriors | None = None
    """Earlier studies of the patient to fetch before its analysis (`priors`), beside those that the
    classifiers' own manifests ask for. `{}` asks for the defaults. Empty: none."""
    destinations: tuple[Name, ...] = ()
    """Destinations of the results. Empty: results stay in the worklist only."""
    assume_body_part: Annotated[str, StringConstraints(pattern=r"^[A-Z_]{2,16}$")] = ""
    """Body Part Examined (0018,0015), such as `BREAST`, of images whose header does not say any. Set it only
    in a rule for scanners that send nothing else; a header that names another body part still counts."""
    priority: Priority = Priority.ROUTINE
    """`urgent` work has queues of its own."""
