"""Every key of a scenario as a Markdown page: SCENARIO.md, which a test compares."""

from service.cli.simulate.scenario import Scenario
from service.config.document import page_of

HEAD = """# Scenarios of `preread simulate`

A file in TOML says which scanners send what, when, and what goes wrong. The one that is shipped is a breast
centre's day (`scenarios/hospital.toml`); copy it, and put the figures of your own department in.

    preread simulate --plan                                             # what would be sent
    preread simulate mine.toml --to PREREAD@test-host:11112 --speed-up 60 --follow
    preread simulate mine.toml --to PREREAD@test-host:11112 --worklist https://test-host --json > report.json

Send to a service for tests: what receives the studies keeps them, and its PACS gets the results. All names
and IDs say SIMULATED, the images too, and every study has the date 2000-01-01. The day is drawn from a
seed, which the report names; with `--seed` the same studies come again, with the same UIDs, so a service
that has them takes them for repetitions. `--speed-up` divides every pause, those of misbehaviour among
them, but not what the service does: its quiet period stays as long as it is. A scanner that cannot send as
fast as its plan falls behind, as a real one does. Requested Procedure Priority is STAT in urgent studies;
let a rule ask for it (`when = { RequestedProcedurePriority = "STAT" }`, `priority = "urgent"`).

The report has percentiles of C-STORE answers (from a dataset's last byte to its answer), statuses,
associations, and with `--follow` or `--worklist` those of results (from the last acknowledged image to
delivered). Results are timed by the service's clock and images by the simulator's: keep both in time. TLS
is not spoken.
"""


def scenario_page() -> str:
    """The whole page."""
    return page_of(HEAD, Scenario)
