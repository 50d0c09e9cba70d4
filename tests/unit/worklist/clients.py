"""Clients of the worklist, without a server."""

import warnings

from fastapi import FastAPI

with warnings.catch_warnings():
    # Starlette wants httpx2 for its test client; httpx is what the other tests talk to servers with.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient as TestClient  # noqa: PLC0414 - for those that need its name

HERE = "http://127.0.0.1:8100"


def from_here(app: FastAPI) -> TestClient:
    """A browser on the service's own machine, where nobody has to sign in."""
    return TestClient(app, HERE, client=("127.0.0.1", 50000))


def from_elsewhere(app: FastAPI, origin: str = "https://preread.hospital") -> TestClient:
    """A browser on another machine, which has not signed in."""
    return TestClient(app, origin, client=("10.1.2.3", 50000), follow_redirects=False)
