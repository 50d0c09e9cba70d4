"""The instance store in a bucket of an object store that speaks S3: the only home of botocore, an extra.

Importing this package without botocore raises ConfigurationError.
"""

from service.errors import ConfigurationError

try:
    import botocore as _botocore  # noqa: F401
except ImportError as error:
    raise ConfigurationError(
        "store.kind is s3, but its client is not installed: pip install preread[s3]"
    ) from error

from service.storage.store.s3.store import S3Store

__all__ = ["S3Store"]
