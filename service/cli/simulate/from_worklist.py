"""Studies as the worklist's API tells them, for a service on another machine."""

from collections.abc import Iterable
from dataclasses import dataclass

from service.cli.simulate.follow import Seen
from service.errors import NotHere
from service.worklist.client import Client


@dataclass(frozen=True, slots=True)
class FromWorklist:
    """Asks the API, study by study."""

    client: Client

    def seen(self, study_instance_uids: Iterable[str]) -> dict[str, Seen]:
        """Those of the studies that it knows. Raises what the client raises."""
        found = {}
        for uid in study_instance_uids:
            try:
                detail = self.client.study(uid)
            except NotHere:
                continue
            history = tuple((one.at, one.state) for one in detail.history)
            found[uid] = Seen(detail.entry.state, detail.entry.instance_count, history)
        return found
