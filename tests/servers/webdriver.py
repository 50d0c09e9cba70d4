"""Chromium with somebody at the mouse: the few commands of W3C WebDriver that the tests need."""

import base64
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.servers.chromium import Chromium
from tests.servers.process import HOST, ServerProcess, free_port, temporary_folder

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The key under which WebDriver names an element (W3C WebDriver, section 12.1)."""
PATIENCE_S = 20.0


class Browser:
    """One window."""

    def __init__(self, url: str, chromium: Chromium) -> None:
        self._client = httpx.Client(base_url=url, timeout=60.0)
        options = {"binary": str(chromium.path), "args": [*chromium.flags, "--window-size=1280,1100"]}
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}}
        self._session = f"/session/{self._post('/session', wanted)['sessionId']}"

    def open(self, url: str) -> None:
        """Load a page and wait for it."""
        self._post(f"{self._session}/url", {"url": url})

    def click(self, text: str) -> None:
        """Click the button of this text."""
        button = {"using": "xpath", "value": f"//button[normalize-space()='{text}']"}
        element = self._post(f"{self._session}/element", button)[ELEMENT]
        self._post(f"{self._session}/element/{element}/click", {})

    def run(self, script: str) -> Any:
        """What a script returns that runs in the page."""
        return self._post(f"{self._session}/execute/sync", {"script": script, "args": []})

    def text(self) -> str:
        """What the page shows as text."""
        return str(self.run("return document.body ? document.body.innerText : ''"))

    def wait_for(self, text: str) -> None:
        """Return once the page shows a text. Raises AssertionError, with what it shows, if it never does."""
        deadline = time.monotonic() + PATIENCE_S
        while text not in (shown := self.text()):
            assert time.monotonic() < deadline, shown
            time.sleep(0.05)

    def screenshot(self, path: Path) -> None:
        """Write the window as a PNG."""
        answer = self._client.get(f"{self._session}/screenshot").raise_for_status()
        path.write_bytes(base64.b64decode(answer.json()["value"]))

    def close(self) -> None:
        """End Chromium."""
        self._client.delete(self._session)
        self._client.close()

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self._client.post(path, json=body).json()["value"]
        if isinstance(answer, dict) and "error" in answer:
            raise AssertionError(f"{answer['error']}: {answer['message']}")
        return answer


@pytest.fixture
def browser(chromium: Chromium) -> Iterator[Browser]:
    """A window with a new profile."""
    port = free_port()
    with temporary_folder("chromedriver") as folder:
        driver = ServerProcess([str(chromium.driver_path), f"--port={port}"], folder / "driver.log")
        try:
            driver.wait_for_port(port)
            window = Browser(f"http://{HOST}:{port}", chromium)
            try:
                yield window
            finally:
                window.close()
        finally:
            driver.stop()
