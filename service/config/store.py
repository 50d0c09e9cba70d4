"""Settings of where instances, heatmaps and result objects are kept."""

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from service.config.types import Seconds, Section

LARGEST_OBJECT_BYTES = 5 * 1000**3
"""What one request may copy is 5 GiB; this leaves room for what comes before the dataset in a file."""


def _endpoint(url: str) -> str:
    parts = urlsplit(url)
    if not url:
        return url
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError(
            f"{url!r} is no endpoint: write it as https://s3.example.org:9000, and the bucket as bucket"
        )
    if parts.username or parts.password:
        raise ValueError("a URL holds no password: put both keys into a file and name it in credentials_file")
    return url.rstrip("/")


Prefix = Annotated[str, Field(pattern=r"^([A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)?$")]
Bucket = Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$")]


class StoreSettings(Section):
    """The instance store: where images, heatmaps, result objects and the quarantine lie."""

    kind: Literal["filesystem", "s3"] = "filesystem"
    """`filesystem`: the folder `store` in the data folder. `s3`: a bucket of an object store, which several
    machines share (needs `pip install preread[s3]`)."""
    bucket: Bucket = ""
    """The bucket, which has to be there already."""
    endpoint_url: Annotated[str, AfterValidator(_endpoint)] = ""
    """Where the object store answers, such as `https://s3.example.org:9000`; the bucket follows in the path.
    Empty: AWS, by `region`. Over `http` images cross the network in the clear."""
    region: str = "us-east-1"
    """The bucket's region. Stores of your own mostly take any."""
    prefix: Prefix = ""
    """What every key begins with, without a slash at its end, such as `preread/site-a`. Two installations may
    share a bucket with different ones."""
    credentials_file: Path | None = None
    """File whose first line is the access key ID and whose second line is the secret access key. It is read
    for each request, so both can be changed without a restart. Empty: what the environment or the role of the
    machine or pod gives."""
    ca: Path | None = None
    """PEM file with certificates that the store's must come from. Empty: those that come with the client."""
    encryption: Literal["", "AES256", "aws:kms"] = ""
    """Server-side encryption that is asked for with each object. Empty: what the bucket does by itself."""
    kms_key_id: str = ""
    """With `aws:kms`, which key. Empty: the account's usual one."""
    connect_timeout_s: Seconds = 5.0
    """Seconds to wait for a connection."""
    timeout_s: Seconds = 30.0
    """Seconds of silence after which a request has failed."""
    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    """How often one request is tried, with growing pauses, before the store counts as away. What waits for it
    is tried again after that, too."""

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.kind == "s3" and not self.bucket:
            raise ValueError("kind is s3 and bucket is empty: name the bucket")
        fields = type(self).model_fields.items()
        given = [name for name, field in fields if name != "kind" and getattr(self, name) != field.default]
        if self.kind == "filesystem" and given:
            raise ValueError(
                f'{given[0]} is of no use with kind = "filesystem": set kind = "s3" or remove it'
            )
        if self.kms_key_id and self.encryption != "aws:kms":
            raise ValueError('kms_key_id needs encryption = "aws:kms"')
        return self
