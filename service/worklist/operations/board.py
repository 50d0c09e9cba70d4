"""All that the page shows, read in one go."""

import shutil
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from service.config import Settings
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.questions.dead_notice import dead_notice
from service.storage.ledger.questions.operations import ClassifierWork, DestinationWork, InHand
from service.storage.ledger.questions.search import COUNTED
from service.storage.ledger.tables.analyses import Analysis
from service.storage.ledger.tables.leases import COUNTED as GIVEN_UP_COUNTED
from service.storage.ledger.tables.leases import GivenUp
from service.storage.ledger.tables.notices import Notice
from service.storage.store.port import InstanceStore
from service.storage.store.quarantine_key import QUARANTINE
from service.study.state import AnalysisState, StudyState
from service.worklist.operations.drift import BEFORE, Drift, drifts
from service.worklist.operations.figures import Percentiles, percentiles

DAY = timedelta(days=1)
_GIVEN_UP_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Throughput:
    """What one version of a classifier did in the last 24 hours; `seconds` from queued to ended."""

    classifier: str
    version: str
    scored: int
    refused: int
    failed: int
    seconds: Percentiles | None


@dataclass(frozen=True, slots=True)
class Disk:
    """Of the data folder, in bytes. Under `least_bytes` nothing is received."""

    free_bytes: int
    total_bytes: int
    least_bytes: int


@dataclass(frozen=True, slots=True)
class Hour:
    """Turnaround of the studies delivered in one hour; None where there were none."""

    began_at: datetime
    seconds: Percentiles | None


@dataclass(frozen=True, slots=True)
class Board:
    """`turnaround`: from a study's last image to its results at every destination, in the last 24 hours.
    Nobody counts further than `counted_up_to` and `given_up_counted_up_to`: what is more is one more.
    """

    at: datetime
    notices: tuple[Notice, ...]
    counts: dict[StudyState, int]
    counted_up_to: int
    queues: tuple[ClassifierWork, ...]
    in_hand: tuple[InHand, ...]
    throughput: tuple[Throughput, ...]
    destinations: tuple[DestinationWork, ...]
    given_up: tuple[GivenUp, ...]
    given_up_count: int
    given_up_counted_up_to: int
    quarantined: int
    disk: Disk | None
    turnaround: Percentiles | None
    hours: tuple[Hour, ...]
    drifts: tuple[Drift, ...]


def read_board(ledger: Ledger, store: InstanceStore, settings: Settings) -> Board:
    """As things are now. Raises StoreUnavailable, LedgerUnavailable."""
    now, sites = datetime.now(UTC), sites_of(settings)
    with ledger.read() as tx:
        taken = tx.operations.turnarounds(now - DAY)
        finished = tx.operations.finished(now - BEFORE)
        uids = list({one.study_instance_uid for one in finished})
        assessments = tx.assessments.since(now - BEFORE)
        return Board(
            at=now,
            notices=(*dead_notice(tx), *tx.notices.all()),
            counts=tx.search.counts(),
            counted_up_to=COUNTED,
            queues=tuple(tx.operations.waiting_for_classifiers()),
            in_hand=tuple(tx.operations.in_hand()),
            throughput=_throughput(
                one for one in finished if one.finished_at and one.finished_at >= now - DAY
            ),
            destinations=tuple(tx.operations.at_destinations(now - DAY)),
            given_up=tx.leases.given_up(limit=_GIVEN_UP_SHOWN),
            given_up_count=tx.leases.count_given_up()[0],
            given_up_counted_up_to=GIVEN_UP_COUNTED,
            quarantined=sum(not key.endswith(".json") for key in store.keys(QUARANTINE)),
            disk=_disk(settings.data_folder, settings.accept.min_free_bytes),
            turnaround=percentiles([one.total_seconds() for _, one in taken]),
            hours=_hours(taken, now),
            drifts=tuple(drifts(finished, tx.operations.scanners(uids), assessments, now, sites)),
        )


def sites_of(settings: Settings) -> dict[str, str]:
    """By calling AE title the site where the scanner stands."""
    return {one.ae_title: one.site for one in reversed(settings.accept.peers) if one.site}


def _throughput(finished: Iterable[Analysis]) -> tuple[Throughput, ...]:
    groups: dict[tuple[str, str], list[Analysis]] = defaultdict(list)
    for one in finished:
        groups[one.classifier, one.result.classifier.version if one.result else ""].append(one)
    return tuple(_done_by(*key, group) for key, group in sorted(groups.items()))


def _done_by(classifier: str, version: str, group: Sequence[Analysis]) -> Throughput:
    states = [one.state for one in group]
    return Throughput(
        classifier,
        version,
        scored=states.count(AnalysisState.SCORED),
        refused=states.count(AnalysisState.NOT_ANALYSED),
        failed=states.count(AnalysisState.FAILED),
        seconds=percentiles(
            [(one.finished_at - one.queued_at).total_seconds() for one in group if one.finished_at]
        ),
    )


def _hours(taken: list[tuple[datetime, timedelta]], now: datetime) -> tuple[Hour, ...]:
    """The last 24, the oldest first."""
    first = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=23)
    groups: dict[int, list[float]] = {}
    for at, duration in taken:
        groups.setdefault(int((at - first).total_seconds() // 3600), []).append(duration.total_seconds())
    return tuple(Hour(first + timedelta(hours=n), percentiles(groups.get(n, []))) for n in range(24))


def _disk(folder: Path, least_bytes: int) -> Disk | None:
    """None where the folder is on another machine."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    return Disk(usage.free, usage.total, least_bytes)
