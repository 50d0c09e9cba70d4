"""Whatever PACS studies are fetched from: does it answer, can it be searched, does it hand studies out?"""

import time
from collections.abc import Iterator

from service.config import DicomWebSource, Settings, Source
from service.fetch.probe import probe
from service.net.http import HttpClient
from service.net.qido import search
from service.wiring.doctor.destinations import NOBODY, WITHIN_S, judge_echo
from service.wiring.doctor.finding import Finding, failed, ok
from service.wiring.fetch import check_source, peer_of


def look_at_source(settings: Settings, one: Source) -> Iterator[Finding]:
    """Nothing is fetched. Raises PeerUnavailable, ConfigurationError."""
    check_source(settings, one)
    if one.dicomweb is not None:
        yield _look_at_web(f"source {one.name}", one.dicomweb)
    else:
        yield from _look_at_dimse(settings, one)


def _look_at_dimse(settings: Settings, one: Source) -> Iterator[Finding]:
    about, peer = f"source {one.name}", peer_of(settings, one)
    by_move = one.dimse is not None and one.dimse.retrieve == "c-move"
    offered = probe(peer, by_move=by_move, deadline=time.monotonic() + WITHIN_S)
    yield judge_echo(about, offered.echo_status, offered.took_s)
    way = "C-MOVE" if by_move else "C-GET"
    lacking = [name for name, has in (("C-FIND", offered.finds), (way, offered.retrieves)) if not has]
    if lacking:
        yield failed(
            about,
            f"it does not offer us {' and '.join(lacking)} (Study Root)",
            f"allow our AE title {peer.calling_ae_title} to query and retrieve there"
            + ("" if by_move else ", or set retrieve = c-move"),
        )
    else:
        yield ok(about, f"it offers C-FIND and {way} (Study Root)")


def _look_at_web(about: str, web: DicomWebSource) -> Finding:
    client = HttpClient(web, time.monotonic() + WITHIN_S)
    search(client, f"{web.qido_url}/studies", {"StudyInstanceUID": NOBODY}, (), "StudyInstanceUID")
    return ok(about, "it answers QIDO-RS")
