"""A real OpenID Connect provider: oidc-provider, by npm."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.servers.process import HOST, ServerProcess, free_port, temporary_folder
from tests.servers.programs import skip_or_fail

BUILD = Path(__file__).resolve().parents[2] / "build" / "oidc-provider"
PROVIDER = Path(__file__).parent / "oidc_provider" / "provider.mjs"
NODE = Path(sys.executable).with_name("node")
"""That of the virtual environment, as npm."""
CLIENT_ID, CLIENT_SECRET = "preread", "a secret of tests only"
Start = Callable[[str], str]


@pytest.fixture
def oidc_provider() -> Iterator[Start]:
    """Starts a provider that leads back to an address; returns its issuer. provider.mjs names its people."""
    if not (NODE.is_file() and (BUILD / ".installed").is_file()):
        skip_or_fail("oidc-provider is not there: `make build/oidc-provider/.installed` brings it")
    with ExitStack() as stack:

        def start(redirect_uri: str) -> str:
            folder, port = stack.enter_context(temporary_folder("oidc")), free_port()
            command = [str(NODE), str(PROVIDER), str(BUILD), str(port), redirect_uri]
            server = ServerProcess(command, folder / "log")
            stack.callback(server.stop)
            server.wait_for_port(port)
            return f"http://{HOST}:{port}"

        yield start
