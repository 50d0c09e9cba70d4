"""Worklist managers that offer us work: UPS-RS (PS3.18 section 11), IHE AI Workflow for Imaging (AIW-I)."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from service.config.destination import Destination
from service.config.http_peer import HttpPeer, HttpUrl
from service.config.sources import Source
from service.config.types import AETitle, Name, Seconds, Section

CodeText = Annotated[str, StringConstraints(pattern=r"^[\x21-\x5b\x5d-\x7e]{1,16}$")]
"""Code Value or Coding Scheme Designator: up to 16 printable characters of ASCII (PS3.3 section 8)."""


class Task(Section):
    """One kind of work that we do, as workitems name it, and what we do then."""

    code: CodeText
    """Code Value (0008,0100) in the workitem's Scheduled Workitem Code Sequence (0040,4018)."""
    scheme: CodeText
    """Coding Scheme Designator (0008,0102) beside it, such as `DCM`, or `99LOCAL` for codes of your own."""
    classifiers: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Classifiers to run on its input, whatever the rules say. `preread shadow promote` leaves them
    as they are."""
    destinations: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Destinations of the results. One of them is a PACS: the workitem names it as the place of its
    output."""


class TaskManager(HttpPeer):
    """A worklist manager whose workitems we perform: it is asked again and again for scheduled work."""

    name: Name
    """How logs and `preread workitems` call it."""
    url: HttpUrl
    """Base of UPS-RS, such as `https://ris.example.org/dicom-web`; `/workitems` is added."""
    tasks: Annotated[tuple[Task, ...], Field(min_length=1)]
    """The work that we do. Other workitems are left alone."""
    source: Name | None = None
    """Source that the input is fetched from where a workitem names none of ours, by Retrieve AE Title or
    Retrieve URL. Empty: the first one."""
    worklist_label: Annotated[str, Field(max_length=64)] = ""
    """Worklist Label (0074,1202) that workitems for us have. Empty: any."""
    station: CodeText = "PREREAD"
    """Code Value by which it knows us: workitems whose Scheduled Station Name Code Sequence (0040,4025) names
    others only are left alone, and what we have performed names us by it."""
    station_scheme: CodeText = "99PREREAD"
    """Coding Scheme Designator of `station`."""
    requester: AETitle | None = None
    """AE title to put at the end of the path of a change of state, for managers that want one there, such as
    dcm4chee. Empty: the path is that of PS3.18."""
    subscriber: AETitle | None = None
    """AE title under which its events are subscribed to by WebSocket, so that requests to cancel a workitem
    of ours reach us (needs `pip install preread[workitems]`). Empty: none are, and it is asked only."""
    poll_interval_s: Seconds = 10.0
    """Seconds between two looks for work, and at the work in hand."""
    max_claimed: Annotated[int, Field(ge=1, le=1000)] = 4
    """Workitems that are ours at one time; others are left to other performers meanwhile."""
    input_timeout_s: Seconds = 3600.0
    """Seconds after which a workitem is canceled whose input has not come: until then it is fetched again and
    again."""

    @model_validator(mode="after")
    def _keeps_the_token(self) -> Self:
        self.keep_token(self.url)
        return self

    @model_validator(mode="after")
    def _tasks_differ(self) -> Self:
        codes = [(task.code, task.scheme) for task in self.tasks]
        if len(set(codes)) < len(codes):
            raise ValueError(f"task manager {self.name!r}: two tasks have the same code; make one of them")
        return self


def check_task_managers(
    managers: Sequence[TaskManager], sources: Sequence[Source], destinations: Sequence[Destination]
) -> None:
    """Raises ValueError where they share a name, or name what is not configured."""
    names = [manager.name for manager in managers]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"two task managers are called {', '.join(sorted(twice))}; give each its own name")
    for manager in managers:
        known = [source.name for source in sources]
        if not known:
            raise ValueError(
                f"task manager {manager.name!r}: there is no PACS to fetch from; add [[sources]]"
            )
        if manager.source is not None and manager.source not in known:
            raise ValueError(
                f"task manager {manager.name!r} names the source {manager.source}, which is not configured; "
                f"sources are: {', '.join(known)}"
            )
        for task in manager.tasks:
            _check_destinations(manager, task, destinations)


def _check_destinations(manager: TaskManager, task: Task, destinations: Sequence[Destination]) -> None:
    ways = {one.name: one.way for one in destinations}
    unknown = [name for name in task.destinations if name not in ways]
    if unknown:
        raise ValueError(
            f"task {task.code!r} of {manager.name!r} names the destination {unknown[0]}, which is not "
            f"configured; destinations are: {', '.join(ways) or 'none'}"
        )
    if not any(ways[name] in ("dimse", "stow") for name in task.destinations):
        raise ValueError(
            f"task {task.code!r} of {manager.name!r} has no PACS among its destinations: a workitem says "
            "where its output can be had; add one"
        )
