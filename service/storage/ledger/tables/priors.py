"""Studies that wait for priors, and studies that were fetched as priors."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from service.storage.ledger.schema.statements import insert_if_absent
from service.storage.ledger.schema.tables import prior_fetches, priors
from service.study.prior import PriorFetch, PriorFetchState, PriorsWanted


@dataclass(frozen=True)
class Priors:
    """The tables of both."""

    connection: Connection

    def ask(self, fetch: PriorFetch) -> None:
        """Have priors fetched for a study that has not asked yet."""
        values = {**asdict(fetch), "wanted": asdict(fetch.wanted)}
        self.connection.execute(insert(prior_fetches).values(values))

    def find(self, study_instance_uid: str) -> PriorFetch | None:
        """What a study has asked for."""
        row = self.connection.execute(
            select(prior_fetches).where(prior_fetches.c.study_instance_uid == study_instance_uid)
        ).one_or_none()
        return _fetch(row._mapping) if row else None

    def claim(self, now: datetime) -> PriorFetch | None:
        """What is to be fetched next, for the caller alone; what is due is left to whoever waits for it."""
        asked = prior_fetches.c.state == PriorFetchState.ASKED
        rows = self.connection.execute(
            select(prior_fetches)
            .where(asked, prior_fetches.c.deadline > now)
            .order_by(prior_fetches.c.deadline)
            .limit(10)
        )
        for row in rows.all():
            uid = row.study_instance_uid
            changed = self.connection.execute(
                update(prior_fetches)
                .where(prior_fetches.c.study_instance_uid == uid, asked)
                .values(state=PriorFetchState.RUNNING)
            )
            if changed.rowcount:
                return _fetch(row._mapping)
        return None

    def end(self, study_instance_uid: str, reason: str) -> bool:
        """It has ended, once: False where it had before."""
        return bool(
            self.connection.execute(
                update(prior_fetches)
                .where(
                    prior_fetches.c.study_instance_uid == study_instance_uid,
                    prior_fetches.c.state != PriorFetchState.ENDED,
                )
                .values(state=PriorFetchState.ENDED, reason=reason)
            ).rowcount
        )

    def mark(self, study_instance_uid: str, prior_of: str) -> None:
        """What comes of this study now comes as a prior of another one."""
        insert_if_absent(
            self.connection, priors, {"study_instance_uid": study_instance_uid, "prior_of": prior_of}
        )

    def prior_of(self, study_instance_uid: str) -> str:
        """The study that this one was fetched for as a prior; empty where it was not."""
        found = self.connection.scalar(
            select(priors.c.prior_of).where(priors.c.study_instance_uid == study_instance_uid)
        )
        return found or ""

    def unmark(self, study_instance_uid: str) -> None:
        """Treat it as any study from now on."""
        self.connection.execute(delete(priors).where(priors.c.study_instance_uid == study_instance_uid))

    def forget(self, study_instance_uid: str) -> None:
        """Let a study that is tried again ask anew."""
        self.connection.execute(
            delete(prior_fetches).where(prior_fetches.c.study_instance_uid == study_instance_uid)
        )


def _fetch(row: Any) -> PriorFetch:
    wanted = row["wanted"]
    return PriorFetch(
        study_instance_uid=row["study_instance_uid"],
        wanted=PriorsWanted(wanted["count"], wanted["years"], tuple(wanted["modalities"])),
        deadline=row["deadline"],
        state=PriorFetchState(row["state"]),
        reason=row["reason"],
    )
