"""The requests that we make of a bucket, each with its errors turned into ours.

Every write carries the MD5 of what is sent, and the store refuses what arrived otherwise. It answers a write
once it is durable: that is what S3 promises, and what we pass on.
"""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import md5
from typing import Any

from service.config.store import StoreSettings
from service.errors import StoreUnavailable
from service.storage.store.port import Kept
from service.storage.store.s3.client import s3_client
from service.storage.store.s3.failures import translated


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of an object: which bytes, of how many, and the tag that changes when the object is replaced."""

    data: bytes
    object_bytes: int
    tag: str


class Bucket:
    """One bucket and prefix; keys are given and told without the prefix. Threads may share one.

    Every method raises StoreUnavailable, those that write OutOfSpace too.
    """

    def __init__(self, settings: StoreSettings) -> None:
        self._client = s3_client(settings)
        self._name = settings.bucket
        self._prefix = f"{settings.prefix}/" if settings.prefix else ""
        self._where = f"the bucket {settings.bucket} at {settings.endpoint_url or 'AWS'}"
        self._encryption = _encryption(settings)

    def put(self, key: str, data: bytes | memoryview) -> None:
        """Keep `data` under `key`, whole or not at all."""
        with self._translated("keep an object"):
            self._client.put_object(**self._at(key), **_body(data), **self._encryption)

    def get(self, key: str) -> bytes:
        """All bytes. Raises KeyError."""
        with self._translated("give an object", key):
            return bytes(self._client.get_object(**self._at(key))["Body"].read())

    def get_piece(self, key: str, at: int, count: int, tag: str = "") -> Piece:
        """Up to `count` bytes from byte `at` on, which is in the object, or 0; at least one byte is wanted.

        Raises KeyError; StoreUnavailable where the object no longer has the tag.
        """
        condition = {"IfMatch": tag} if tag else {}
        with self._translated("give part of an object", key):
            try:
                answer = self._client.get_object(
                    **self._at(key), Range=f"bytes={at}-{at + count - 1}", **condition
                )
            except self._client.exceptions.ClientError as error:
                # An empty object has no first byte, and so no part.
                if at == 0 and error.response.get("Error", {}).get("Code") == "InvalidRange":
                    return Piece(b"", 0, tag)
                raise
            size = int(answer["ContentRange"].rpartition("/")[2])
            return Piece(answer["Body"].read(), size, answer["ETag"])

    def exists(self, key: str) -> bool:
        """Whether there are bytes under `key`."""
        with self._translated("say what it holds"):
            try:
                with self._translated("say what it holds", key):
                    self._client.head_object(**self._at(key))
            except KeyError:
                # The same answer is given where there is no bucket. Then nobody may conclude anything.
                self._require()
                return False
        return True

    def walk(self, prefix: str) -> Iterator[Kept]:
        """All that begin with `prefix`, a page of them at a time."""
        pages = self._client.get_paginator("list_objects_v2")
        with self._translated("be listed"):
            for page in pages.paginate(Bucket=self._name, Prefix=self._prefix + prefix):
                for entry in page.get("Contents", ()):
                    key = entry["Key"].removeprefix(self._prefix)
                    yield Kept(key, entry["Size"], entry["LastModified"])

    def copy(self, key: str, new_key: str) -> None:
        """Have the bytes under `new_key` too. Raises KeyError where there are none."""
        source = self._at(key)
        with self._translated("copy an object", key):
            self._client.copy_object(**self._at(new_key), CopySource=source, **self._encryption)

    def delete(self, key: str) -> None:
        """Forget the bytes; nothing happens where there are none."""
        with self._translated("delete an object"):
            self._client.delete_object(**self._at(key))

    def begin_parts(self, key: str) -> str:
        """Begin an object that comes in parts; nobody sees it before `end_parts`. Returns its upload's ID."""
        with self._translated("begin an object"):
            return str(self._client.create_multipart_upload(**self._at(key), **self._encryption)["UploadId"])

    def put_part(self, key: str, upload_id: str, number: int, data: bytes) -> str:
        """Keep a part, of which the first has number 1; returns its tag."""
        with self._translated("keep part of an object"):
            answer = self._client.upload_part(
                **self._at(key), UploadId=upload_id, PartNumber=number, **_body(data)
            )
            return str(answer["ETag"])

    def end_parts(self, key: str, upload_id: str, tags: Sequence[str]) -> None:
        """Make the parts, by their tags and in order, the object."""
        parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, start=1)]
        with self._translated("put an object together"):
            self._client.complete_multipart_upload(
                **self._at(key), UploadId=upload_id, MultipartUpload={"Parts": parts}
            )

    def drop_parts(self, key: str, upload_id: str) -> None:
        """Forget the parts."""
        with self._translated("forget part of an object"):
            self._client.abort_multipart_upload(**self._at(key), UploadId=upload_id)

    def _require(self) -> None:
        try:
            with self._translated("be found", self._name):
                self._client.head_bucket(Bucket=self._name)
        except KeyError:
            raise StoreUnavailable(
                f"{self._where} is not there: create the bucket, or correct store.bucket"
            ) from None

    def _at(self, key: str) -> dict[str, Any]:
        return {"Bucket": self._name, "Key": self._prefix + key}

    def _translated(self, attempt: str, key: str = "") -> AbstractContextManager[None]:
        return translated(self._where, attempt, key)


def _body(data: bytes | memoryview) -> dict[str, Any]:
    digest = md5(data, usedforsecurity=False).digest()
    # The client takes no memoryview.
    body = data if isinstance(data, bytes) else bytes(data)
    return {"Body": body, "ContentMD5": b64encode(digest).decode()}


def _encryption(settings: StoreSettings) -> dict[str, str]:
    asked = {"ServerSideEncryption": settings.encryption, "SSEKMSKeyId": settings.kms_key_id}
    return {name: value for name, value in asked.items() if value}
