"""A reader study in a folder: images and heatmaps by number, what they are, and who has read what.

study.json            classifier, wash-out, order of the images
images/, heatmaps/    PNG, the same number for the same image
truth.csv             labels; no reader's page ever asks for it
readings/             a table for each reader and session, a line for each image
"""

import csv
import json
import os
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from service.errors import ConfigurationError

WITHOUT, WITH = "without", "with"
CATEGORIES = ("1", "2", "3", "4A", "4B", "4C", "5")
"""BI-RADS, 5th edition, without 0 and 6: neither is an answer to one image."""
_FILE = "study.json"
_COLUMNS = ("image", "category", "seconds", "read_at")


@dataclass(frozen=True, slots=True)
class Reading:
    """One image judged by one reader, in `seconds`."""

    image: str
    category: str
    seconds: float
    read_at: datetime


@dataclass(frozen=True, slots=True)
class ReaderStudy:
    """`classifier` with its version made the heatmaps. `washout_days` lie between a reader's two sessions."""

    folder: Path
    classifier: str
    washout_days: float
    images: tuple[str, ...]

    def write(self) -> None:
        """Write `study.json`."""
        body = {key: value for key, value in asdict(self).items() if key != "folder"}
        (self.folder / _FILE).write_text(json.dumps(body, indent=1), encoding="utf-8")

    def readings(self, reader: str, session: str) -> list[Reading]:
        """What the reader has judged so far, in order."""
        path = self._table(reader, session)
        if not path.is_file():
            return []
        with path.open(encoding="utf-8", newline="") as lines:
            return [
                Reading(
                    row["image"],
                    row["category"],
                    float(row["seconds"]),
                    datetime.fromisoformat(row["read_at"]),
                )
                for row in csv.DictReader(lines)
            ]

    def left(self, reader: str, session: str) -> list[str]:
        """Images that the reader has not judged in this session, in an order of its own: no reader sees the
        images twice in the same order, so that nothing is known by its place.
        """
        order = list(self.images)
        random.Random(f"{reader}/{session}").shuffle(order)  # noqa: S311 - no secret
        done = {reading.image for reading in self.readings(reader, session)}
        return [image for image in order if image not in done]

    def record(self, reader: str, session: str, image: str, category: str, seconds: float) -> None:
        """Keep a judgement, durably. Raises ConfigurationError for one that cannot be."""
        if category not in CATEGORIES or image not in self.left(reader, session):
            raise ConfigurationError(f"image {image!r} is not to be judged now, or not as {category!r}")
        path = self._table(reader, session)
        path.parent.mkdir(exist_ok=True)
        is_new = not path.exists()
        with path.open("a", encoding="utf-8", newline="") as table:
            rows = csv.writer(table)
            if is_new:
                rows.writerow(_COLUMNS)
            rows.writerow([image, category, f"{seconds:.1f}", datetime.now(UTC).isoformat()])
            table.flush()
            os.fsync(table.fileno())

    def check_session(self, reader: str, session: str, now: datetime) -> None:
        """Raises ConfigurationError unless the reader may read this session now."""
        if not reader.isidentifier():
            raise ConfigurationError(
                f"reader {reader!r}: use a code of letters and digits, not a name with blanks"
            )
        if session == WITHOUT:
            return
        if self.left(reader, WITHOUT):
            raise ConfigurationError(f"{reader} has not judged every image without heatmaps yet")
        ends = self.readings(reader, WITHOUT)[-1].read_at + timedelta(days=self.washout_days)
        if now < ends:
            raise ConfigurationError(
                f"{reader} has read these images lately: the wash-out of {self.washout_days:g} days ends on "
                f"{ends:%Y-%m-%d %H:%M} UTC"
            )

    def readers(self) -> list[str]:
        """Everybody who has read in both sessions."""
        tables = {path.stem for path in (self.folder / "readings").glob("*.csv")}
        names = {name.rpartition("-")[0] for name in tables}
        return sorted(name for name in names if {f"{name}-{WITHOUT}", f"{name}-{WITH}"} <= tables)

    def _table(self, reader: str, session: str) -> Path:
        return self.folder / "readings" / f"{reader}-{session}.csv"


def open_study(folder: Path) -> ReaderStudy:
    """The study in a folder. Raises ConfigurationError."""
    try:
        body = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        images: Sequence[str] = body["images"]
        return ReaderStudy(folder, body["classifier"], float(body["washout_days"]), tuple(images))
    except (OSError, ValueError, KeyError, TypeError) as reason:
        raise ConfigurationError(f"{folder} holds no reader study ({reason}): prepare one first") from reason
