"""What worklist managers ask for, beside what the rules say of a study."""

from collections.abc import Iterable
from dataclasses import replace

from service.enqueue.routing import Route
from service.study.model import Priority
from service.study.workitem import HeldWorkitem


def with_workitems(found: Route, asked: Iterable[HeldWorkitem]) -> Route:
    """The route with the classifiers and destinations of workitems about the study.

    A classifier that workitems alone ask for, of single series, reads these series; else the study, or what
    the rules and they say together.
    """
    for held in asked:
        found = _with(found, held)
    return found


def _with(found: Route, held: HeldWorkitem) -> Route:
    classifiers = dict(found.classifiers)
    series = {name: set(uids) for name, uids in found.series.items()}
    for name in held.classifiers:
        own = held.workitem.input.series_instance_uids
        is_new = name not in classifiers
        classifiers[name] = tuple(dict.fromkeys((*classifiers.get(name, ()), *held.destinations)))
        if own and (is_new or name in series):
            series.setdefault(name, set()).update(own)
        else:
            series.pop(name, None)
    urgent = Priority.URGENT in (found.priority, held.workitem.priority)
    return replace(
        found,
        classifiers=classifiers,
        series={name: tuple(sorted(uids)) for name, uids in series.items()},
        priority=Priority.URGENT if urgent else Priority.ROUTINE,
        shadows=tuple(name for name in found.shadows if name not in classifiers),
        managers=tuple(dict.fromkeys((*found.managers, held.manager))),
    )
