"""Checks run side by side, each within its time: one that hangs holds up no other."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from service.errors import PrereadError
from service.wiring.doctor.finding import Finding, Outcome, failed

LIMIT_S = 20.0
"""Seconds that a check may take, where it does not say otherwise."""

Look = Callable[[], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """`subject` is what its section of DOCTOR.md is called, `about` which of several, such as a destination.

    `remedy`: what to do where `look` raises an error of ours. `longer`: how many times the usual limit it may
    take.
    """

    subject: str
    about: str
    look: Look
    remedy: str
    longer: float = 1.0


@dataclass(frozen=True, slots=True)
class Examined:
    """What a check has found."""

    subject: str
    findings: tuple[Finding, ...]
    took_s: float

    @property
    def outcome(self) -> Outcome:
        """The worst of them."""
        return max((one.outcome for one in self.findings), key=list(Outcome).index, default=Outcome.SKIPPED)


def examine(
    checks: Sequence[Check], limit_s: float = LIMIT_S, done: Callable[[], object] = lambda: None
) -> Iterator[Examined]:
    """What each check has found, in their order; `done` is called as each ends or is given up.

    One that takes longer is left alone, on its thread: what it had found by then counts, and that it hangs.
    """
    running = [_Running(check) for check in checks]
    for one in running:
        yield one.ended(limit_s * one.check.longer)
        done()


class _Running:
    """A check on a thread of its own. Nobody waits for it at the process's end."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self._found: list[Finding] = []
        self._began = time.monotonic()
        self._ended: float | None = None
        self._thread = threading.Thread(target=self._run, name=f"doctor {check.subject}", daemon=True)
        self._thread.start()

    def ended(self, limit_s: float) -> Examined:
        self._thread.join(max(0.0, self._began + limit_s - time.monotonic()))
        found, check = list(self._found), self.check
        if self._ended is None:
            found.append(
                failed(
                    check.about,
                    f"no answer within {limit_s:g} s",
                    f"{check.remedy}; --limit gives more time",
                )
            )
        return Examined(check.subject, tuple(found), (self._ended or time.monotonic()) - self._began)

    def _run(self) -> None:
        try:
            for finding in self.check.look():
                self._found.append(finding)
        except PrereadError as error:
            self._found.append(failed(self.check.about, str(error), self.check.remedy))
        except Exception as error:  # the thread's edge; the words of a foreign error may hold anything
            self._found.append(
                failed(
                    self.check.about,
                    f"the check itself went wrong ({type(error).__name__})",
                    f"{self.check.remedy}; if that does not help, report it as a mistake of ours",
                )
            )
        self._ended = time.monotonic()
