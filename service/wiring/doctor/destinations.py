"""Whoever gets results: does it answer, does it take our objects, how does it confirm them?"""

from collections.abc import Iterator

from pydicom.uid import (
    UID,
    Comprehensive3DSRStorage,
    EncapsulatedPDFStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    KeyObjectSelectionDocumentStorage,
    MammographyCADSRStorage,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from service.config import Destination, SendSettings, Settings, StowDestination
from service.config.profiles import ObjectKind
from service.errors import PeerRefused
from service.net.http import HttpClient
from service.net.qido import search
from service.send.links import check_destination
from service.send.probe import Offered, probe
from service.wiring.doctor.finding import Finding, failed, ok, skipped, warning

NOBODY = "2.25.1"
"""A UID that no instance has: a search for it finds nothing, and tells whether searching works."""
WITHIN_S = 10.0
"""For a connection, and for an answer: nobody should have to wait longer for who is asked nothing hard."""
_CLASSES: dict[ObjectKind, str] = {
    "sr": Comprehensive3DSRStorage,
    "assessment": Comprehensive3DSRStorage,
    "heatmap": SecondaryCaptureImageStorage,
    "cine-heatmap": MultiFrameTrueColorSecondaryCaptureImageStorage,
    "presentation": GrayscaleSoftcopyPresentationStateStorage,
    "segmentation": SegmentationStorage,
    "key-objects": KeyObjectSelectionDocumentStorage,
    "rejection": KeyObjectSelectionDocumentStorage,
    "cad-sr": MammographyCADSRStorage,
    "pdf": EncapsulatedPDFStorage,
}


def look_at_destination(settings: Settings, one: Destination) -> Iterator[Finding]:
    """Nothing is stored there. Raises PeerUnavailable, ConfigurationError."""
    about = f"destination {one.name}"
    check_destination(one)
    if one.way == "dimse":
        classes = sop_classes(settings, one)
        yield from _judge(about, one, probe(one, patient_settings(settings.send), classes))
    elif one.stow is not None:
        yield _look_at_stow(about, one.stow)
    elif one.fhir is not None:
        within = one.fhir.model_copy(update={"timeout_s": min(one.fhir.timeout_s, WITHIN_S)})
        with HttpClient(within).get(f"{one.fhir.url}/metadata", "application/fhir+json") as answer:
            yield ok(about, f"the FHIR server tells what it can (HTTP {answer.status})")
    else:
        yield skipped(
            about,
            f"whether it takes a message ({one.way}) cannot be asked without sending one: see its "
            "connection under network",
        )


def sop_classes(settings: Settings, one: Destination) -> list[str]:
    """SOP Class UIDs of what its profile sends."""
    return list(dict.fromkeys(_CLASSES[kind] for kind in settings.objects_of[one.name] if kind in _CLASSES))


def patient_settings(send: SendSettings) -> SendSettings:
    """The same, and nothing is waited for longer than WITHIN_S."""
    return send.model_copy(
        update={
            "connect_timeout_s": min(send.connect_timeout_s, WITHIN_S),
            "dimse_timeout_s": min(send.dimse_timeout_s, WITHIN_S),
        }
    )


def _judge(about: str, one: Destination, offered: Offered) -> Iterator[Finding]:
    yield judge_echo(about, offered.echo_status, offered.took_s)
    if offered.refused:
        names = ", ".join(UID(uid).name for uid in offered.refused)
        yield failed(
            about,
            f"it does not take {names} from us",
            f"allow these SOP Classes for our AE title there, or give it another profile than {one.profile}",
        )
    else:
        yield ok(about, "it takes every kind of object that its profile sends")
    ways = [name for name, has in (("storage commitment", offered.commits), ("C-FIND", offered.finds)) if has]
    lacks = {"commitment": not offered.commits, "query": not offered.finds, "auto": not ways}
    if lacks.get(one.confirm):
        strict = one.confirm != "auto"
        yield (failed if strict else warning)(
            about,
            f"it offers {' and '.join(ways) or 'neither storage commitment nor C-FIND'} to us, and confirm "
            f"is {one.confirm}"
            + ("" if strict else ": its answer to C-STORE will be the only proof of arrival"),
            "allow our AE title these services there",
        )
    else:
        yield ok(
            about, f"it can confirm what it holds: {', '.join(ways) or 'by its answer to C-STORE (confirm)'}"
        )


def judge_echo(about: str, status: int | None, took_s: float) -> Finding:
    """What a C-ECHO was answered with."""
    if status == 0:
        return ok(about, f"association in {took_s * 1000:.0f} ms, C-ECHO answered with Success")
    if status is None:
        return warning(
            about,
            "it takes our association and no C-ECHO",
            "allow our AE title Verification there, for probes",
        )
    return failed(about, f"it answered C-ECHO with 0x{status:04X}", "its log says why")


def _look_at_stow(about: str, stow: StowDestination) -> Finding:
    """STOW-RS is not asked without an object; QIDO-RS is, and by that the token is tried, too."""
    within = stow.model_copy(update={"timeout_s": min(stow.timeout_s, WITHIN_S)})
    url = f"{stow.qido_url or stow.url}/instances"
    try:
        search(HttpClient(within), url, {"SOPInstanceUID": NOBODY}, (), "SOPInstanceUID")
    except PeerRefused as error:
        return warning(
            about,
            f"it answers, and not by QIDO-RS: {error}",
            "look at stow.qido_url, the token and our rights there; --store-test tells whether it stores",
        )
    return ok(about, "it answers QIDO-RS; --store-test tells whether it stores")
