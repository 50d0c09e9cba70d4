"""`--store-test`: a marked test object without patient is stored at a destination, and looked for there."""

import time
from collections.abc import Iterator
from contextlib import closing

from service.config import Destination, Settings
from service.errors import PeerRefused
from service.report.trial_object import DESCRIPTION, trial_object
from service.send.link import Link
from service.send.links import Links
from service.storage.ledger.tables.deliveries import StoredObject
from service.wiring.doctor.destinations import patient_settings
from service.wiring.doctor.finding import Finding, failed, ok, skipped, warning

LOOK_EVERY_S = 0.5


def store_test(settings: Settings, one: Destination) -> Iterator[Finding]:
    """Raises PeerUnavailable, ConfigurationError."""
    about = f"destination {one.name}"
    if one.way not in ("dimse", "stow"):
        yield skipped(about, f"no test is sent by {one.way}: whoever reads it would take it for a result")
        return
    stored, data = trial_object(one.name, settings.report)
    links = Links([one], patient_settings(settings.send), lambda *_: None)
    with closing(links), links.open(one, [stored.sop_class_uid]) as link:
        sent = link.store(stored, data)
        if not sent.is_there:
            yield failed(about, f"the test object is not taken: {sent.detail}", "its log says why")
            return
        yield ok(
            about,
            f"the test object is stored ({sent.detail}); it stays there as study "
            f"{stored.study_instance_uid}, {DESCRIPTION!r}",
        )
        try:
            yield _look_for(about, link, stored, settings.send.confirm_wait_s)
        except PeerRefused as error:
            yield (failed if one.confirm == "query" else warning)(
                about,
                f"it refuses to be asked whether it holds the test object: {error}",
                f"allow our AE title {settings.send.ae_title} to query there, or set another confirm",
            )


def _look_for(about: str, link: Link, stored: StoredObject, wait_s: float) -> Finding:
    why_not = link.cannot_query()
    if why_not:
        return skipped(about, f"whether it holds the test object cannot be looked up: {why_not}")
    deadline = time.monotonic() + wait_s
    while not (found := link.holds(stored)) and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_S)
    if found:
        return ok(about, f"{link.query} finds the test object")
    return warning(
        about,
        f"{link.query} does not find the test object within {wait_s:g} s",
        "does it index later, or keep what comes from us apart? Look for the study there",
    )
