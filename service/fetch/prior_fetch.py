"""Fetching the priors that studies wait for, one study after the other, in the background."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Protocol

import structlog

from service.errors import PeerUnavailable, PrereadError
from service.fetch.fetcher import Fetched
from service.fetch.found import FoundStudy
from service.fetch.port import Archive
from service.fetch.priors import find_priors
from service.storage.ledger.ledger import Ledger
from service.study.model import StudyHeader
from service.study.prior import PriorFetch, PriorsWanted

log = structlog.get_logger()

AWAY_S = 30.0
"""How long a PACS that did not answer is left alone: else each waiting study would wait for it in turn."""
ENDED = "priors_ended"
"""Event of the waiting study's history."""


class Fetches(Protocol):
    """Fetches one study, as `Fetcher` does."""

    def fetch(self, study_instance_uid: str, progress: Callable[[int, int], object]) -> Fetched:
        """Raises nothing: the result says it."""
        ...


Open = Callable[[float], AbstractContextManager[tuple[Archive, Fetches]]]
"""The source, all of whose calls end at a moment of `time.monotonic`. Raises PrereadError."""


class PriorFetching:
    """Takes what the ledger says is asked for. Whoever waits has a deadline of its own: this may die."""

    def __init__(self, ledger: Ledger, source: str, open_source: Open) -> None:
        self._ledger = ledger
        self._source = source
        self._open = open_source
        self._away_until = float("-inf")
        self._away_reason = ""

    def turn(self) -> int:
        """Fetch what is asked for. Returns for how many studies. Raises LedgerUnavailable."""
        done = 0
        while (asked := self._claim()) is not None:
            reason = self._outcome(asked)
            with self._ledger.begin() as tx:
                if tx.priors.end(asked.study_instance_uid, reason):
                    tx.studies.note(asked.study_instance_uid, ENDED, reason)
            log.info("priors fetched", study_instance_uid=asked.study_instance_uid, outcome=reason)
            done += 1
        return done

    def _claim(self) -> PriorFetch | None:
        with self._ledger.begin() as tx:
            return tx.priors.claim(datetime.now(UTC))

    def _outcome(self, asked: PriorFetch) -> str:
        """What to tell of it."""
        now = time.monotonic()
        if now < self._away_until:
            return f"priors not fetched: not asked again so soon: {self._away_reason}"
        deadline = now + (asked.deadline - datetime.now(UTC)).total_seconds()
        try:
            with self._open(deadline) as (archive, fetcher):
                return self._fetch(asked, archive, fetcher, deadline)
        except PeerUnavailable as error:
            self._away_until, self._away_reason = time.monotonic() + AWAY_S, str(error)
            return f"priors not fetched: {error}"
        except PrereadError as error:
            return f"priors not fetched: {error}"

    def _fetch(self, asked: PriorFetch, archive: Archive, fetcher: Fetches, deadline: float) -> str:
        header = self._header(asked.study_instance_uid)
        found = find_priors(archive, header.patient_id, header.study_date)
        chosen = choose(found, header, asked.wanted)
        if not chosen:
            return f"{self._source} has no such prior of the patient"
        missing: list[str] = []
        for prior in chosen:
            if time.monotonic() >= deadline:
                missing.append("there was no time left for all of them (priors.timeout_s)")
                break
            missing += self._fetch_one(prior.study_instance_uid, asked.study_instance_uid, fetcher)
        if missing:
            return f"priors not fetched, or not whole: {'; '.join(dict.fromkeys(missing))}"
        return f"{len(chosen)} priors are here (from {self._source})"

    def _fetch_one(self, prior_uid: str, study_uid: str, fetcher: Fetches) -> list[str]:
        """Fetch a study unless something of it is here; what went wrong."""
        with self._ledger.begin() as tx:
            if tx.studies.find(prior_uid) is not None:
                return []
            tx.priors.mark(prior_uid, study_uid)
        outcome = fetcher.fetch(prior_uid, lambda done, total: None)
        if not outcome.received:
            self._unmark_unless_here(prior_uid)
        if outcome.is_complete:
            return []
        return [*outcome.problems, *outcome.refused.values()] or ["not all of its images came"]

    def _unmark_unless_here(self, prior_uid: str) -> None:
        """Nothing came, so that what comes later comes by itself."""
        with self._ledger.begin() as tx:
            if tx.studies.find(prior_uid) is None:
                tx.priors.unmark(prior_uid)

    def _header(self, study_instance_uid: str) -> StudyHeader:
        with self._ledger.read() as tx:
            study = tx.studies.find(study_instance_uid)
        return study.header if study is not None else StudyHeader()


def choose(found: Sequence[FoundStudy], header: StudyHeader, wanted: PriorsWanted) -> tuple[FoundStudy, ...]:
    """Of the patient's earlier studies, newest first, those that are wanted.

    A study that names another birth date is of somebody else who has the same Patient ID.
    """
    since = f"{max(0, int(header.study_date[:4]) - wanted.years):04d}{header.study_date[4:]}"
    fitting = (
        study
        for study in found
        if study.header.study_date >= since
        and _agree(study.header.patient_birth_date, header.patient_birth_date)
        and _overlap(study.header.modalities, wanted.modalities)
    )
    return tuple(fitting)[: wanted.count]


def _agree(one: str, other: str) -> bool:
    return not one or not other or one == other


def _overlap(has: Sequence[str], wanted: Sequence[str]) -> bool:
    """What a PACS does not say is taken to fit."""
    return not has or not wanted or not set(has).isdisjoint(wanted)
