"""A reader study as readers meet it: the command, its page in a real browser, keys, the comparison."""

import csv
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.unit.engines.builders import write_bus_bra

pytestmark = pytest.mark.integration

PREREAD = (sys.executable, "-m", "service.cli.main", "reader-study")
KEYS = {"2": "2", "4A": "4", "5": "7"}


def preread(*arguments: str) -> str:
    done = subprocess.run([*PREREAD, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def study(tmp_path: Path) -> Path:
    data, out = write_bus_bra(tmp_path, patients=18) / "bus-bra", tmp_path / "study"
    preread("prepare", "us-mass", "bus-bra", str(data), str(out), "--images", "6", "--washout-days", "0")
    return out


@contextmanager
def page_of(study: Path, *arguments: str) -> Iterator[str]:
    """The address that the command tells, until Ctrl-C."""
    command = [*PREREAD, "read", str(study), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        address = re.search(r"http://127.0.0.1:\d+/", process.stdout.readline())
        try:
            assert address
            yield address[0]
        finally:
            process.send_signal(signal.SIGTERM)  # of a group in the background, Ctrl-C is not heard
    assert process.returncode == 0


def read_all(page: Page, study: Path, malignant: str, benign: str, screenshot: Path) -> None:
    """A scripted reader, who knows the truth and does with it as told."""
    with (study / "truth.csv").open() as lines:
        labels = {row["image"]: row["label"] for row in csv.DictReader(lines)}
    for number in range(len(labels)):
        page.get_by_text(f"{number} of {len(labels)}").first.wait_for()
        page.wait_for_load_state()  # the keys' script, too
        if number == 0:
            page.screenshot(path=screenshot)
        image = page.input_value("input[name=image]")
        page.keyboard.press(KEYS[malignant if labels[image] == "malignant" else benign])
    page.get_by_text("Thank you. All images are judged.").first.wait_for()


def test_two_readers_read_and_the_heatmap_s_gain_is_told(page: Page, study: Path, tmp_path: Path) -> None:
    for reader, without in (("R1", ("4A", "4A")), ("R2", ("5", "2"))):
        with page_of(study, reader) as address:
            page.goto(address)
            assert page.locator("img").count() == 1
            read_all(page, study, *without, tmp_path / f"{reader}-without.png")
        with page_of(study, reader, "--with-heatmap") as address:
            page.goto(address)
            assert page.locator("img").count() == 2
            read_all(page, study, "5", "2", tmp_path / f"{reader}-with.png")

    said = json.loads(preread("results", str(study), "--json", "--out", str(tmp_path / "results")))

    auc = {
        one["measure"]: one["value"]
        for reader in said
        for one in reader["figures"]
        if one["measure"].endswith("heatmap: AUC")
    }
    assert auc == {
        "R1 without heatmap: AUC": 0.5,
        "R1 with heatmap: AUC": 1.0,
        "R2 without heatmap: AUC": 1.0,
        "R2 with heatmap: AUC": 1.0,
    }
    assert (tmp_path / "results" / "reader-study-R1.html").is_file()
