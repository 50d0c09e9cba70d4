"""Write the pages that docstrings and help texts make: `make docs`."""

from pathlib import Path

from service.cli.document import commands_page
from service.cli.main import app
from service.cli.simulate.document import scenario_page
from service.config.document import settings_page
from service.telemetry.metrics.page import metrics_page
from service.telemetry.traces.page import traces_page

FOLDER = Path(__file__).parents[1]


def main() -> None:
    """Write the pages of service/ that settings, commands, scenarios, metrics and traces make."""
    (FOLDER / "SETTINGS.md").write_text(settings_page(), encoding="utf-8")
    (FOLDER / "COMMANDS.md").write_text(commands_page(app), encoding="utf-8")
    (FOLDER / "cli" / "simulate" / "SCENARIO.md").write_text(scenario_page(), encoding="utf-8")
    (FOLDER / "telemetry" / "METRICS.md").write_text(metrics_page(), encoding="utf-8")
    (FOLDER / "telemetry" / "TRACES.md").write_text(traces_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
