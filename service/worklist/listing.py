"""What part of the list is asked for, as it stands in an address."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, field_validator

from service.study.assessment import Verdict
from service.study.model import Priority
from service.study.search import Cursor, StudyFilter
from service.study.state import StudyState

LARGEST_PAGE = 200
ATTENTION = (StudyState.FAILED, StudyState.PARKED, StudyState.NOT_ANALYSED)
"""States in which a study waits for a person, or has no result that she would expect."""


class Listing(BaseModel):
    """Parameters of the list; those that are left out or empty do not matter.

    `state` is a study's state, or `attention`. `verdict` is what was said last of a newest result, `none`
    where nothing was. `received_from` and `received_until` are days of this server's time zone, both
    included. `before` is the `next` of the page before.
    """

    model_config = ConfigDict(extra="forbid")

    q: Annotated[str, Field(max_length=200)] = ""
    state: StudyState | Literal["attention"] | None = None
    priority: Priority | None = None
    modality: Annotated[str, Field(max_length=16)] = ""
    category: Annotated[str, Field(max_length=4)] = ""
    side: Literal["L", "R"] | None = None
    verdict: Verdict | Literal["none"] | None = None
    received_from: date | None = None
    received_until: date | None = None
    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 50
    before: Annotated[str, Field(max_length=160)] = ""

    @field_validator("state", "priority", "side", "verdict", "received_from", "received_until", mode="before")
    @classmethod
    def _nothing(cls, value: Any) -> Any:
        """A form sends what was not filled in as empty text."""
        return None if value == "" else value

    @field_validator("before")
    @classmethod
    def _cursor(cls, value: str) -> str:
        """Raises ValueError for what is no cursor."""
        if value:
            Cursor.parse(value)
        return value

    @property
    def cursor(self) -> Cursor | None:
        """Where the page begins; None at the newest study."""
        return Cursor.parse(self.before) if self.before else None

    @property
    def wanted(self) -> StudyFilter:
        """Which studies."""
        until = self.received_until and self.received_until + timedelta(days=1)
        states = ATTENTION if self.state == "attention" else (self.state,) if self.state else ()
        return StudyFilter(
            text=self.q,
            states=states,
            priority=self.priority,
            modality=self.modality,
            category=self.category,
            side=self.side or "",
            verdict=self.verdict or "",
            received_from=_midnight(self.received_from) if self.received_from else None,
            received_until=_midnight(until) if until else None,
        )

    @property
    def is_filtered(self) -> bool:
        """Whether some studies are left out."""
        return self.wanted != StudyFilter()

    def address(self, **changes: Any) -> str:
        """The path of a page with the same parameters but for `changes`."""
        values = self.model_dump(mode="json", exclude_defaults=True) | changes
        query = urlencode({name: value for name, value in values.items() if value not in (None, "")})
        return f"/?{query}" if query else "/"


Asked = Annotated[Listing, Query()]


def _midnight(day: date) -> datetime:
    """The moment at which a day begins here."""
    return datetime.combine(day, time.min).astimezone()
