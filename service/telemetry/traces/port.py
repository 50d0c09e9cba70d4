"""The span and the tracer, as stages see them. otel.py offers both."""

from collections.abc import Sequence
from typing import Protocol

from service.telemetry.traces.definition import Definition, Value


class Span(Protocol):
    """Something that takes time, or nothing where it is not traced. It raises nothing.

    Moments are nanoseconds since 1970, here and below; None is now.
    """

    @property
    def traceparent(self) -> str:
        """Where it stands (W3C Trace Context); empty where it is not traced."""
        ...

    def set(self, **attributes: Value) -> None:
        """Tell more of it. What its definition does not have is left out."""
        ...

    def failed(self, error: BaseException) -> None:
        """An error ended it, which is told by its type."""
        ...

    def below(self, definition: Definition) -> "Span":
        """A part of it."""
        ...

    def end(self, ended_ns: int | None = None) -> None:
        """It is over. One that never ends is never told."""
        ...


class Tracer(Protocol):
    """Makes spans."""

    def of_study(
        self,
        definition: Definition,
        study_instance_uid: str,
        revision: int,
        parent: str,
        links: Sequence[str],
        began_ns: int | None,
    ) -> Span:
        """In a study's trace: below the span with the traceparent `parent` where that is in this trace, else
        below the root.
        """
        ...

    def root(self, definition: Definition, study_instance_uid: str, revision: int, began_ns: int) -> Span:
        """The root of a study's trace."""
        ...

    def alone(self, definition: Definition) -> Span:
        """The root of a trace of its own."""
        ...


class _Nothing:
    """What is not traced."""

    traceparent = ""

    def set(self, **attributes: Value) -> None:
        """Told to nobody."""

    def failed(self, error: BaseException) -> None:
        """Told to nobody."""

    def below(self, definition: Definition) -> Span:
        """Nothing, either."""
        return self

    def end(self, ended_ns: int | None = None) -> None:
        """It has never begun."""


NOTHING = _Nothing()
