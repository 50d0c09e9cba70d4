"""The client's requests as they would go out, answered here: what only its headers and addresses show."""

from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from service.config.store import StoreSettings
from service.storage.store.s3.bucket import Bucket

_ANSWERS = {
    "uploads": b"<InitiateMultipartUploadResult><UploadId>7</UploadId></InitiateMultipartUploadResult>",
    "copy": b"<CopyObjectResult><ETag>1</ETag></CopyObjectResult>",
}


class Raw:
    """The body of an answer."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self, *_: Any, **__: Any) -> Any:
        yield self._data


class Recorder:
    """A bucket, and the requests that it has made. `status` and `body` are answered to each, if given."""

    def __init__(self, status: int = 200, body: bytes | None = None, **settings: Any) -> None:
        values = {"kind": "s3", "bucket": "images", "attempts": 1} | settings
        self.bucket = Bucket(StoreSettings.model_validate(values))
        self.requests: list[AWSPreparedRequest] = []
        self._status, self._body = status, body
        self.bucket._client.meta.events.register("before-send.s3", self._answer)

    @property
    def headers(self) -> list[dict[str, str]]:
        """Of each request, with small letters."""
        return [{name.lower(): _text(value) for name, value in r.headers.items()} for r in self.requests]

    def _answer(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        self.requests.append(request)
        body = self._body
        if body is None:
            kind = "copy" if "x-amz-copy-source" in request.headers else request.url.rpartition("?")[2]
            body = _ANSWERS.get(kind, b"")
        return AWSResponse(request.url, self._status, {"ETag": '"1"'}, Raw(body))


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
