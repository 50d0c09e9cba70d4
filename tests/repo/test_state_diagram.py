import re
from pathlib import Path

from service.study.lifecycle import TRANSITIONS

README = Path(__file__).parents[2] / "service" / "README.md"


def test_state_diagram_shows_exactly_the_transitions() -> None:
    drawn = re.findall(r"^    (\w+) --> (\w+): (\w+)$", README.read_text(encoding="utf-8"), re.MULTILINE)
    table = [(before.value, after.value, event.value) for (before, event), after in TRANSITIONS.items()]
    assert sorted(drawn) == sorted(table)
