"""What becomes of received images once nobody needs them here."""

from typing import Annotated

from pydantic import Field

from service.config.types import Section


class StoreSettings(Section):
    """The instance store."""

    retention_days: Annotated[int, Field(ge=1)] | None = None
    """Days after which the images of a study are removed, counted from when every result object has arrived
    at every destination. Result objects, heatmaps, the quarantine and the history stay. Choose it longer than
    late images may come, and than senders rely on storage commitment. Empty: images stay until
    `preread store prune --days` removes them."""
