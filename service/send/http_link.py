"""Destinations that take a message by HTTP: a FHIR server, a webhook."""

import hashlib
import hmac
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from service.config import FhirDestination, WebhookDestination
from service.errors import ConfigurationError, PeerUnavailable
from service.net.http import HttpClient, explain, is_passing
from service.send.message_link import MessageLink
from service.send.outcome import CANNOT_UNDERSTAND, SUCCESS, Sent
from service.storage.ledger.tables.deliveries import Proof, StoredObject

SUCCESSES = range(200, 300)
OURS_TO_MEND = (401, 403, 404)
"""Who answers so takes nothing of ours: somebody has to look, and then it will."""


class FhirLink(MessageLink):
    """The link port by a FHIR transaction."""

    status_proof = Proof.HTTP_STATUS

    def __init__(self, settings: FhirDestination) -> None:
        self._settings = settings

    def store(self, stored: StoredObject, data: bytes) -> Sent:
        """POST the Bundle to the server's base."""
        with mended_later():
            return _post(self._settings, stored, data, "application/fhir+json", {})


class WebhookLink(MessageLink):
    """The link port by a signed POST."""

    status_proof = Proof.HTTP_STATUS

    def __init__(self, settings: WebhookDestination) -> None:
        self._settings = settings

    def store(self, stored: StoredObject, data: bytes) -> Sent:
        """POST the body. `Preread-Delivery` is the same whenever it is repeated."""
        with mended_later():
            headers = {
                "Preread-Signature": signature(read_secret(self._settings), data, int(time.time())),
                "Preread-Delivery": stored.sop_instance_uid,
            }
            return _post(self._settings, stored, data, "application/json", headers)


def read_secret(settings: WebhookDestination) -> bytes:
    """What the file holds, without blanks at its ends. Raises ConfigurationError."""
    try:
        secret = settings.secret_file.read_bytes().strip()
    except OSError as error:
        reason = f"webhook.secret_file {settings.secret_file} cannot be read: {error.strerror}"
        raise ConfigurationError(reason) from None
    if not secret:
        raise ConfigurationError(f"webhook.secret_file {settings.secret_file} is empty: put a secret into it")
    return secret


def signature(secret: bytes, body: bytes, sent_at_s: int) -> str:
    """`t=SECONDS,v1=HEX`: HMAC-SHA-256 of `SECONDS.BODY`. The time lets a receiver refuse old ones."""
    digest = hmac.new(secret, f"{sent_at_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={sent_at_s},v1={digest}"


def _post(
    settings: FhirDestination | WebhookDestination,
    stored: StoredObject,
    data: bytes,
    content_type: str,
    headers: Mapping[str, str],
) -> Sent:
    code, _ = HttpClient(settings).post(settings.url, data, content_type, "application/json", headers)
    if code in SUCCESSES:
        return Sent(stored.sop_instance_uid, SUCCESS, True, f"taken (HTTP status {code})")
    if is_passing(code) or code in OURS_TO_MEND:
        raise PeerUnavailable(f"{settings.url} answered {explain(code)}")
    return Sent(stored.sop_instance_uid, CANNOT_UNDERSTAND, False, f"refused: {explain(code)}")


@contextmanager
def mended_later() -> Iterator[None]:
    """Files that were good at start may be replaced by bad ones, and those by good ones: try again later."""
    try:
        yield
    except ConfigurationError as error:
        raise PeerUnavailable(str(error)) from None
