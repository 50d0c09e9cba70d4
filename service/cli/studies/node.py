"""A DICOM node as people write it: AE_TITLE@host:port."""

import re

from pydantic import ValidationError

from service.config import Destination
from service.errors import ConfigurationError

NODE = re.compile(r"(?P<ae_title>[^@]+)@(?P<host>[^@]+):(?P<port>\d{1,5})")


def node(text: str) -> Destination:
    """The node that `--to` names. Raises ConfigurationError, which says how to write it."""
    found = NODE.fullmatch(text)
    if found is None:
        raise ConfigurationError(f"--to {text}: write it as AE_TITLE@host:port, such as PACS@10.0.0.5:104")
    try:
        return Destination(
            name="node", host=found["host"], port=int(found["port"]), ae_title=found["ae_title"]
        )
    except ValidationError as error:
        raise ConfigurationError(f"--to {text}: {error.errors()[0]['msg']}") from None
