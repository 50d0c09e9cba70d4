"""What stages call. Off, a call costs next to nothing, and no library is imported; on, see otel.py."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from service.errors import NotConfirmed, Refused
from service.telemetry.traces.definition import REVISION, STUDY, Definition, Value
from service.telemetry.traces.port import NOTHING, Span, Tracer
from service.telemetry.uid_hash import uid_hash

Result = TypeVar("Result")

_NO_ERRORS = (Refused, NotConfirmed)
"""An answer; and what only has to be waited for."""

_current: ContextVar[Span] = ContextVar("preread_span", default=NOTHING)


class Traces:
    """Those of this process. Threads may share it; each has a current span of its own."""

    def __init__(self) -> None:
        self._tracer: Tracer | None = None

    def use(self, tracer: Tracer | None) -> None:
        """From now on spans are made by `tracer`; by None, none are."""
        self._tracer = tracer

    @property
    def is_on(self) -> bool:
        """Whether spans are made."""
        return self._tracer is not None

    @property
    def current(self) -> Span:
        """What this thread is at."""
        return _current.get()

    def alone(self, definition: Definition) -> Span:
        """Begin the root of a trace of its own."""
        return self._tracer.alone(definition) if self._tracer else NOTHING

    def of_study(
        self,
        definition: Definition,
        study_instance_uid: str,
        revision: int,
        parent: str = "",
        links: Sequence[str] = (),
        began_ns: int | None = None,
    ) -> Span:
        """Begin a span in the trace of a study: see `Tracer.of_study`."""
        if self._tracer is None:
            return NOTHING
        span = self._tracer.of_study(definition, study_instance_uid, revision, parent, links, began_ns)
        span.set(**_common(study_instance_uid, revision))
        return span

    def tell(
        self,
        definition: Definition,
        study_instance_uid: str,
        revision: int,
        began_ns: int,
        links: Sequence[str] = (),
        ended_ns: int | None = None,
        **attributes: Value,
    ) -> None:
        """A span in the trace of a study that is over."""
        if self._tracer is not None:
            span = self.of_study(definition, study_instance_uid, revision, "", links, began_ns)
            span.set(**attributes)
            span.end(ended_ns)

    def tell_root(
        self,
        definition: Definition,
        study_instance_uid: str,
        revision: int,
        began_ns: int,
        ended_ns: int | None = None,
        **attributes: Value,
    ) -> None:
        """The root of a study's trace, which is over."""
        if self._tracer is not None:
            span = self._tracer.root(definition, study_instance_uid, revision, began_ns)
            span.set(**_common(study_instance_uid, revision), **attributes)
            span.end(ended_ns)

    @contextmanager
    def at(self, span: Span) -> Iterator[Span]:
        """`span` is what this thread is at, until it ends with this."""
        before = _current.set(span)
        try:
            yield span
        except BaseException as error:
            self.failed(error)
            raise
        finally:
            _current.reset(before)
            span.end()

    def failed(self, error: BaseException) -> None:
        """What this thread is at has met an error."""
        if not isinstance(error, _NO_ERRORS):
            self.current.failed(error)

    @contextmanager
    def part(self, definition: Definition, **attributes: Value) -> Iterator[Span]:
        """A part of what this thread is at; nothing where it is at nothing."""
        whole = _current.get()
        if whole is NOTHING:
            yield NOTHING
            return
        with self.at(whole.below(definition)) as span:
            span.set(**attributes)
            yield span

    def carried(self, work: Callable[..., Result]) -> Callable[..., Result]:
        """`work`, for another thread that shall be at what this thread is at now."""
        whole = _current.get()
        if whole is NOTHING:
            return work

        def at_the_same(*arguments: object) -> Result:
            before = _current.set(whole)
            try:
                return work(*arguments)
            finally:
                _current.reset(before)

        return at_the_same


TRACES = Traces()
"""Of this process."""


def _common(study_instance_uid: str, revision: int) -> dict[str, Value]:
    return {STUDY: uid_hash(study_instance_uid), REVISION: revision}
