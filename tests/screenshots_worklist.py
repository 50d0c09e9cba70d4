"""Take the pictures of the worklist that README.md and service/worklist/PAGES.md show. Fonts for Chinese and
Japanese (Debian: fonts-noto-cjk) must be there.
"""

import random
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import update

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.schema.tables import analyses
from service.storage.ledger.steps.assess import assess
from service.storage.store.memory import MemoryStore
from service.study.assessment import Assessment, Verdict
from tests.integration.room import served
from tests.servers.chromium import running_chromium
from tests.servers.process import temporary_folder
from tests.unit.worklist import reading_room
from tests.unit.worklist.builders import Seed
from tests.unit.worklist.pixels import keep_heat, keep_image

PICTURES = Path(__file__).resolve().parents[1] / "service" / "worklist"
SETTLED_MS = 1500
_DAYS = 27


def main() -> None:
    """Write the pictures."""
    with (
        temporary_folder("screenshots") as folder,
        closing(Ledger(f"sqlite:///{folder}/l.sqlite3")) as ledger,
    ):
        ledger.upgrade()
        store = MemoryStore()
        studies = reading_room.fill(ledger, store)
        shown = studies["two breasts"]
        _say(ledger, studies["negative"], Verdict.ACCEPTED)
        _say(ledger, studies["cine"], Verdict.MODIFIED)
        with served(ledger, store) as url, running_chromium() as chromium:
            for name, path, size in (
                ("screenshot", "/", (1500, 1000)),
                ("screenshot-study", f"/studies/{shown.uid}", (1500, 1300)),
            ):
                with chromium.page(size) as page:
                    page.emulate_media(color_scheme="dark")
                    page.goto(f"{url}{path}")
                    page.wait_for_timeout(SETTLED_MS)
                    page.screenshot(path=PICTURES / f"{name}.png")
            cine = _cine(ledger, store)
            _history(ledger, store)
            with chromium.page((1200, 760)) as page:
                page.emulate_media(color_scheme="dark")
                page.goto(f"{url}/studies/{cine.uid}")
                page.get_by_role("link", name="look closely").click()
                page.get_by_label("Side by side").check()
                page.wait_for_timeout(SETTLED_MS)
                page.screenshot(path=PICTURES / "screenshot-image.png")
            with chromium.page((1280, 1250)) as page:
                page.emulate_media(color_scheme="dark")
                page.goto(f"{url}/operations")
                page.screenshot(path=PICTURES / "screenshot-operations.png")


def _say(ledger: Ledger, seed: Seed, verdict: Verdict) -> None:
    """As a radiologist does on the study's page."""
    category = "2" if verdict is Verdict.MODIFIED else ""
    said = Assessment(seed.uid, 1, "us-mass", verdict, category, "", "A. Reader", datetime.now(UTC))
    with ledger.begin() as tx:
        assess(tx, said)


def _cine(ledger: Ledger, store: MemoryStore) -> Seed:
    seed = Seed(ledger, store, 900).receive(images=1)
    keep_image(seed, 1, frames=5)
    return seed.delivered(keep_heat(seed, seed.score(1, 0.873, "L", frame=3)))


def _history(ledger: Ledger, store: MemoryStore) -> None:
    """Four weeks of one scanner, the last of them with other scores."""
    random.seed(1)
    for number in range(20, 120):
        is_recent = number >= 88
        seed = Seed(ledger, store, number).receive(images=1, minutes_ago=random.randint(1, 1300))
        probability = random.betavariate(5, 2) if is_recent else random.betavariate(1.2, 4)
        score = seed.score(1, probability, "L")
        if is_recent:
            seed.delivered(score)
            continue
        seed.queue().analyse(score)
        ended = datetime.now(UTC) - timedelta(days=random.randint(8, _DAYS))
        of_study = analyses.c.study_instance_uid == seed.uid
        with ledger.begin() as tx:
            tx.connection.execute(update(analyses).where(of_study).values(finished_at=ended, queued_at=ended))


if __name__ == "__main__":
    main()
