from pathlib import Path

from service.config.document import settings_page

PAGE = Path(__file__).parents[2] / "service" / "SETTINGS.md"


def test_settings_page_is_the_one_that_the_docstrings_make() -> None:
    assert PAGE.read_text(encoding="utf-8") == settings_page(), "run `make docs`"


def test_every_setting_has_a_meaning() -> None:
    rows = [line for line in settings_page().splitlines() if line.startswith("| `")]
    assert [row for row in rows if row.endswith("|  |")] == []
