from pathlib import Path

from service.cli.simulate.document import scenario_page
from service.config.document import settings_page

SERVICE = Path(__file__).parents[2] / "service"
PAGE = SERVICE / "SETTINGS.md"
SCENARIO_PAGE = SERVICE / "cli" / "simulate" / "SCENARIO.md"


def test_settings_page_is_the_one_that_the_docstrings_make() -> None:
    assert PAGE.read_text(encoding="utf-8") == settings_page(), "run `make docs`"


def test_page_of_scenarios_is_the_one_that_the_docstrings_make() -> None:
    assert SCENARIO_PAGE.read_text(encoding="utf-8") == scenario_page(), "run `make docs`"


def test_every_setting_has_a_meaning() -> None:
    pages = settings_page() + scenario_page()
    rows = [line for line in pages.splitlines() if line.startswith("| `")]
    assert [row for row in rows if row.endswith("|  |")] == []
