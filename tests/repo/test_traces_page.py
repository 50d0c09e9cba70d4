"""TRACES.md is what the definitions say, and the code tells what they say, nothing else."""

import ast
import re
from collections import defaultdict
from pathlib import Path

from service.telemetry.traces import spans
from service.telemetry.traces.definition import COMMON, SPANS, Definition
from service.telemetry.traces.page import traces_page

ROOT = Path(__file__).parents[2]
SERVICE = ROOT / "service"
BY_NAME = {name: one for name, one in vars(spans).items() if isinstance(one, Definition)}
SOURCES = [
    path
    for path in SERVICE.rglob("*.py")
    if "service.telemetry.traces" in (text := path.read_text(encoding="utf-8")) and "TRACES" in text
]


def used() -> dict[Path, set[str]]:
    """The keywords of every call that tells attributes."""
    found: defaultdict[Path, set[str]] = defaultdict(set)
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr in ("set", "tell", "tell_root", "part"):
                found[path] |= {one.arg for one in node.keywords if one.arg}
    return found


def test_traces_page_is_the_one_that_the_definitions_make() -> None:
    assert (SERVICE / "telemetry" / "TRACES.md").read_text(encoding="utf-8") == traces_page(), (
        "run `make docs`"
    )


def test_every_attribute_that_is_told_is_defined_and_every_defined_one_is_told() -> None:
    defined = {name for one in SPANS for name in one.attributes}
    told = set().union(*used().values())
    assert told - {"ended_ns"} == defined
    assert not defined & set(COMMON)


def test_every_span_is_used_somewhere() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES if path.name != "spans.py")
    unused = {name for name in BY_NAME if not re.search(rf"\b{name}\b", text)}
    assert unused == {name for name, one in BY_NAME.items() if one in spans.WORK.values()}


def test_no_attribute_can_hold_what_is_received() -> None:
    """A new one needs a thought: is it bounded, and can a sender write into it?"""
    assert {name for one in SPANS for name in one.attributes} == {
        "attempt",
        "bytes",
        "classifier",
        "classifiers",
        "committed",
        "destination",
        "event",
        "failed",
        "frames",
        "held",
        "images",
        "instances",
        "kind",
        "modality",
        "objects",
        "outcome",
        "priority",
        "proof",
        "queue",
        "refused",
        "rules",
        "scanner",
        "scored",
        "state",
        "status",
        "studies",
        "urgent",
        "waits",
    }


def test_names_are_one_each() -> None:
    assert len({one.name for one in SPANS}) == len(SPANS)
    assert all(one.meaning.endswith(".") for one in SPANS)
