"""What a key of the instance store looks like, so that no key ever leaves the store's folder."""

import re

_PART = r"[A-Za-z0-9_-][A-Za-z0-9._-]*"
_KEY = re.compile(rf"{_PART}(/{_PART})*")
_PREFIX = re.compile(rf"({_PART}/)*({_PART})?")


def is_key(text: str) -> bool:
    """Whether `check_key` takes it."""
    return _KEY.fullmatch(text) is not None


def check_key(key: str) -> None:
    """Raises ValueError unless `key` is parts of letters, digits, `.`, `_` and `-`, joined by `/`.

    No part begins with a dot, so there is no `..`; there is no absolute path, as no part is empty.
    """
    if not is_key(key):
        raise ValueError(
            f"{key!r} is not a key: use parts such as instances/1.2.3/4.5.6.dcm, none beginning with a dot"
        )


def check_prefix(prefix: str) -> None:
    """Raises ValueError unless `prefix` can begin a key. The empty prefix begins every key."""
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"{prefix!r} cannot begin a key: use something such as instances/1.2.3/")
