from pathlib import Path

from service.cli.document import commands_page
from service.cli.main import app

PAGE = Path(__file__).parents[2] / "service" / "COMMANDS.md"


def test_commands_page_is_the_one_that_the_help_texts_make() -> None:
    assert PAGE.read_text(encoding="utf-8") == commands_page(app), "run `make docs`"
