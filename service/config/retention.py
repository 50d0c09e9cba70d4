"""What is removed once nobody needs it here any more."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from service.config.types import Section

Days = Annotated[int, Field(ge=1)]


class RetentionSettings(Section):
    """What is removed, and when. Nothing is, unless it is set; and never what has not been delivered."""

    images_days: Days | None = None
    """Days after which the images of a study are removed, counted from when every result object has arrived
    at every destination. Choose it longer than late images may come, and than senders rely on storage
    commitment."""
    studies_days: Days | None = None
    """Days after which a whole study is removed: images, heatmaps, result objects and its entries in the
    ledger. Counted from when it was delivered, or found not to be analysed. Failed studies stay."""
    quarantine_days: Days | None = None
    """Days after which quarantined instances are deleted. The quarantine's journal keeps a note of each."""
    keep_free_bytes: Annotated[int, Field(ge=0)] = 0
    """Where less space than this is free, images of delivered studies are removed before their time, those
    delivered first being first. Choose it larger than `accept.min_free_bytes`. 0: never."""

    @model_validator(mode="after")
    def _images_go_first(self) -> Self:
        if self.studies_days and self.images_days and self.images_days > self.studies_days:
            raise ValueError("images_days is above studies_days: images leave with their study at the latest")
        return self
