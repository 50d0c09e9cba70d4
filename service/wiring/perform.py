"""Performing workitems: which worklist managers there are, and where the input comes from."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from service.config import Destination, Settings, Source, TaskManager
from service.errors import PrereadError
from service.perform.desk import Desk
from service.perform.outputs import Place
from service.perform.performer import Performer
from service.perform.subscription import Subscription, check_subscription
from service.perform.ups_rs import UpsRs
from service.storage.ledger.ledger import Ledger
from service.study.workitem import WorkitemInput
from service.wiring.fetch import find_source, open_fetching_in, storable_contexts
from service.wiring.loops import start, start_repeating


def performers(settings: Settings, ledger: Ledger) -> dict[str, Performer]:
    """One for each worklist manager, by its name. Raises ConfigurationError."""
    for manager in settings.task_managers:
        check_subscription(manager)
    places = {one.name: place for one in settings.destinations if (place := _place(one))}
    storable = storable_contexts(settings)
    return {
        manager.name: Performer(
            Desk(ledger, manager, UpsRs(manager, storable), places), SourceInputs(settings, manager, ledger)
        )
        for manager in settings.task_managers
    }


def start_performing(
    settings: Settings, performing: Mapping[str, Performer], stop: threading.Event
) -> list[threading.Thread]:
    """Look for work again and again, and listen where that is asked for. The threads to be waited for."""
    threads = []
    for manager in settings.task_managers:
        performer = performing[manager.name]
        name = f"workitems {manager.name}"
        threads.append(start_repeating(name, performer.turn, manager.poll_interval_s, stop))
        if manager.subscriber is not None:
            subscription = Subscription(manager, performer.hear)
            threads.append(start(f"reports of {manager.name}", partial(subscription.run, stop), stop))
    return threads


def check_task_manager(settings: Settings, manager: TaskManager) -> None:
    """Raises ConfigurationError where its certificates cannot be used, or a library is missing."""
    UpsRs(manager, storable_contexts(settings))
    check_subscription(manager)


@dataclass(frozen=True)
class SourceInputs:
    """Fetches from the source that a workitem names; a place that is none of `sources` is never asked."""

    settings: Settings
    manager: TaskManager
    ledger: Ledger

    def fetch(self, what: WorkitemInput, progress: Callable[[int, int], object]) -> str:
        """As in the port."""
        try:
            source = self.source_of(what)
            with open_fetching_in(
                self.settings, source, self.ledger, series=what.series_instance_uids
            ) as fetching:
                fetched = fetching.fetcher.fetch(what.study_instance_uid, progress)
        except PrereadError as error:
            return str(error)
        if fetched.is_complete:
            return ""
        said = [*fetched.problems, *dict.fromkeys(fetched.refused.values())]
        return "; ".join(said) or f"{source.name} has sent {len(fetched.received)} of {len(fetched.expected)}"

    def source_of(self, what: WorkitemInput) -> Source:
        """The first source that the workitem names, else that of its manager. Raises ConfigurationError."""
        for source in self.settings.sources:
            if source.dimse is not None and source.dimse.ae_title in what.ae_titles:
                return source
            if source.dicomweb is not None:
                base = f"{source.dicomweb.wado_url or source.dicomweb.qido_url}/"
                if any(url.startswith(base) for url in what.urls):
                    return source
        return find_source(self.settings, self.manager.source)


def _place(destination: Destination) -> Place | None:
    """Where others can have what a destination was sent; None where it is no PACS."""
    if destination.stow is not None:
        return Place(url=destination.stow.url)
    return Place(ae_title=destination.ae_title) if destination.way == "dimse" else None
