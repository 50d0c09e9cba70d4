"""The client of the worklist's API, for programs in Python: `from service.worklist.client import Client`."""

from importlib.util import find_spec

from service.errors import ConfigurationError

if find_spec("httpx") is None:
    raise ConfigurationError("the client needs httpx: pip install 'preread[client]'")

from service.worklist.client.client import Client
from service.worklist.client.events import StudyChanged
from service.worklist.listing import Listing

__all__ = ["Client", "Listing", "StudyChanged"]
