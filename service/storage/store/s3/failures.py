"""What the object store, or the way to it, may say: turned into our errors, with what to do.

Only the code of an answer is repeated. Its text, and the client's, may quote a key, which names a study.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    SSLError,
)

from service.errors import ConfigurationError, OutOfSpace, StoreUnavailable

NOT_FOUND = "404"
"""The code of an answer without a body: key or bucket, it does not say which."""
_NO_SUCH_KEY = {"NoSuchKey", NOT_FOUND}
_FULL = {"XMinioStorageFull", "QuotaExceeded", "InsufficientStorage", "507"}
"""AWS is never full; MinIO, Ceph and others are."""
_CREDENTIALS = "check store.credentials_file, or the role of this machine"
_RIGHTS = (
    "allow these credentials to s3:ListBucket on the bucket, and to s3:GetObject, s3:PutObject, "
    f"s3:DeleteObject and s3:AbortMultipartUpload below store.prefix; and {_CREDENTIALS}"
)
_REGION = "correct store.region, or store.endpoint_url"
_ADVICE = {
    "NoSuchBucket": "create the bucket, or correct store.bucket",
    "AccessDenied": _RIGHTS,
    "403": _RIGHTS,
    "InvalidAccessKeyId": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "ExpiredToken": _CREDENTIALS,
    "InvalidToken": _CREDENTIALS,
    "RequestTimeTooSkewed": "set the clock of this machine, or of the store",
    "PermanentRedirect": _REGION,
    "AuthorizationHeaderMalformed": _REGION,
    "BadDigest": "what arrived is not what was sent: check the network between",
    "PreconditionFailed": "the object was replaced while it was read: read it again",
    "SlowDown": "it asks for fewer requests: it is tried again by itself",
}
_OTHERWISE = "see the object store's own log"


@contextmanager
def translated(where: str, attempt: str, key: str = "") -> Iterator[None]:
    """Raises KeyError where there is no `key`, OutOfSpace, StoreUnavailable; `where` names the bucket.

    What goes wrong with the credentials while the service runs is StoreUnavailable, too: it can be mended.
    """
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        if key and code in _NO_SUCH_KEY:
            raise KeyError(key) from None
        if code in _FULL:
            raise OutOfSpace(f"{where} is full ({code}): free space there, or raise its quota") from None
        advice = _ADVICE.get(code, _OTHERWISE)
        raise StoreUnavailable(f"{where} cannot {attempt}: it answers {code}; {advice}") from None
    except BotoCoreError as error:
        raise StoreUnavailable(f"{where} cannot {attempt}: {_explained(error)}") from None
    except ConfigurationError as error:
        raise StoreUnavailable(f"{where} cannot {attempt}: {error}") from error


def _explained(error: BotoCoreError) -> str:
    if isinstance(error, SSLError):
        return "its certificate is not accepted; check store.ca and the name in store.endpoint_url"
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return "no credentials are found; name a file in store.credentials_file, or give this machine a role"
    how = type(error).__name__
    if isinstance(error, ConnectionError | HTTPClientError):
        return f"it does not answer ({how}); check that it runs, store.endpoint_url, and the network between"
    return f"the request failed ({how}); check the network between, and {_OTHERWISE}"
