"""`preread fetch`, and counting in a PACS: which adapter stands behind which source."""

from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

from service.accept.association.contexts import OTHER_SOP_CLASSES, supported_contexts
from service.config import DimseSource, Settings, Source
from service.errors import ConfigurationError
from service.fetch.count import ArchiveCounter
from service.fetch.dicomweb import DicomWebArchive
from service.fetch.dimse import DimseArchive
from service.fetch.fetcher import Fetcher
from service.fetch.forward import Forwarder
from service.fetch.peer import Peer
from service.fetch.port import Archive
from service.fetch.spool import Spool
from service.fetch.wanted import Wanted
from service.net.client_tls import client_context
from service.storage.ledger.ledger import Ledger
from service.wiring.adapters import open_ledger

_CONNECT_WITHIN_S = 15.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what we listen on, not where


@dataclass(frozen=True, slots=True)
class Fetching:
    """What `preread fetch` works with."""

    source: Source
    archive: Archive
    fetcher: Fetcher


@contextmanager
def open_fetching(settings: Settings, source_name: str | None) -> Iterator[Fetching]:
    """Ready to fetch from a source, the first one where none is named.

    Raises ConfigurationError, OutOfSpace.
    """
    source = find_source(settings, source_name)
    with closing(open_ledger(settings)) as ledger, open_fetching_in(settings, source, ledger) as fetching:
        yield fetching


@contextmanager
def open_fetching_in(
    settings: Settings,
    source: Source,
    ledger: Ledger,
    deadline: float | None = None,
    series: Collection[str] = (),
) -> Iterator[Fetching]:
    """The same with a ledger that is open; what is asked of the source ends at `deadline`. With `series`
    nothing else of a study is fetched.
    """
    if _passes_through_us(source) and settings.accept.tls.only:
        raise ConfigurationError(
            "what is fetched is handed on to accept.port, and accept.tls.only keeps that closed: open it and "
            "set accept.bind to 127.0.0.1, or let the PACS send by itself (retrieve = c-move)"
        )
    check_source(settings, source)
    archive = open_archive(settings, source, deadline)
    with (
        Forwarder(_ourselves(settings, source)) as forwarder,
        Spool(settings.data_folder / "fetching", settings.accept.max_instance_bytes) as spool,
    ):

        def arrived(study_instance_uid: str) -> Collection[str]:
            with ledger.read() as tx:
                return {one.sop_instance_uid for one in tx.instances.of_study(study_instance_uid)}

        wanted = replace(_wanted(settings, ledger), series=series)
        yield Fetching(source, archive, Fetcher(archive, forwarder, spool, wanted, arrived))


def open_counter(settings: Settings, ledger: Ledger) -> ArchiveCounter | None:
    """Counts in the first source; None where there is no source. Raises ConfigurationError."""
    if not settings.sources:
        return None
    source = settings.sources[0]
    check_source(settings, source)
    return ArchiveCounter(
        lambda deadline: open_archive(settings, source, deadline),
        _wanted(settings, ledger),
        source.count_timeout_s,
    )


def find_source(settings: Settings, name: str | None) -> Source:
    """The source of this name, the first one where there is none. Raises ConfigurationError."""
    if not settings.sources:
        raise ConfigurationError(
            "there is no PACS to fetch from: add [[sources]] to the configuration (see SETTINGS.md)"
        )
    for source in settings.sources:
        if name in (None, source.name):
            return source
    known = ", ".join(source.name for source in settings.sources)
    raise ConfigurationError(f"no source is called {name}; sources are: {known}")


def check_source(settings: Settings, source: Source) -> None:
    """Raises ConfigurationError where certificates for a source cannot be used."""
    open_archive(settings, source)
    if source.dimse is not None and source.dimse.tls is not None:
        client_context(_tls_setting(source), source.dimse.tls)


def open_archive(settings: Settings, source: Source, deadline: float | None = None) -> Archive:
    """The adapter to a source; its calls end at `deadline` of `time.monotonic`. Raises ConfigurationError."""
    if source.dicomweb is not None:
        return DicomWebArchive(source.dicomweb, deadline)
    dimse = _dimse(source)
    destination = dimse.move_destination or settings.accept.ae_title
    return DimseArchive(
        peer_of(settings, source),
        storable_contexts(settings),
        destination if dimse.retrieve == "c-move" else None,
        deadline,
    )


def peer_of(settings: Settings, source: Source) -> Peer:
    """The DICOM node that a source is. Raises ConfigurationError where it is none."""
    dimse = _dimse(source)
    return Peer(
        name=source.name,
        host=dimse.host,
        port=dimse.port,
        ae_title=dimse.ae_title,
        calling_ae_title=_calling_ae_title(settings, source),
        connect_timeout_s=dimse.connect_timeout_s,
        timeout_s=dimse.timeout_s,
        tls=dimse.tls,
        tls_setting=_tls_setting(source),
    )


def _wanted(settings: Settings, ledger: Ledger) -> Wanted:
    def own_series(study_instance_uid: str) -> Collection[str]:
        with ledger.read() as tx:
            return {one.series_instance_uid for one in tx.deliveries.objects_of(study_instance_uid)}

    return Wanted(storable_contexts(settings), own_series)


def storable_contexts(settings: Settings) -> dict[str, tuple[str, ...]]:
    """The SOP Classes that we store, and their transfer syntaxes."""
    supported = supported_contexts(settings.accept.extra_sop_classes)
    return {uid: syntaxes for uid, syntaxes in supported.items() if uid not in OTHER_SOP_CLASSES}


def _ourselves(settings: Settings, source: Source) -> Peer:
    accept = settings.accept
    return Peer(
        name="Preread",
        host=_EVERYWHERE.get(accept.bind, accept.bind),
        port=accept.port,
        ae_title=accept.ae_title,
        calling_ae_title=_calling_ae_title(settings, source),
        connect_timeout_s=_CONNECT_WITHIN_S,
        timeout_s=accept.network_timeout_s,
    )


def brought_by(settings: Settings, source: Source) -> set[str]:
    """The calling AE titles under which instances come that are fetched from a source."""
    if source.dimse is not None and not _passes_through_us(source):
        return {source.dimse.ae_title}
    return {_calling_ae_title(settings, source)}


def _passes_through_us(source: Source) -> bool:
    return source.dimse is None or source.dimse.retrieve != "c-move"


def _calling_ae_title(settings: Settings, source: Source) -> str:
    return (source.dimse and source.dimse.calling_ae_title) or settings.accept.ae_title


def _tls_setting(source: Source) -> str:
    return f"sources.{source.name}.dimse.tls"


def _dimse(source: Source) -> DimseSource:
    if source.dimse is None:
        raise ConfigurationError(f"source {source.name!r}: give either dimse or dicomweb")
    return source.dimse
