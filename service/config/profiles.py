"""Which result objects a destination gets: what its viewers show, and no more."""

from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from service.config.types import Name, Section

DicomKind = Literal[
    "sr",
    "heatmap",
    "cine-heatmap",
    "presentation",
    "segmentation",
    "parametric-map",
    "key-objects",
    "cad-sr",
    "pdf",
    "rejection",
    "assessment",
]
"""Kinds of DICOM objects. Where one does not fit a study, it is left out: `cad-sr` is for mammograms,
`parametric-map` for CT, a `rejection` for results that replace others, an `assessment` for those that a
person has judged."""
MessageKind = Literal["hl7", "fhir", "webhook"]
"""Kinds of messages, each for the destinations that are reached so."""
ObjectKind = DicomKind | MessageKind
MESSAGES: tuple[MessageKind, ...] = get_args(MessageKind)

PROFILES: dict[str, tuple[DicomKind, ...]] = {
    "generic": ("sr", "heatmap", "assessment"),
    "ohif": ("sr", "heatmap", "assessment"),
    "weasis": ("sr", "heatmap", "presentation", "segmentation", "key-objects", "assessment"),
    "mammo-workstation": ("sr", "heatmap", "presentation", "cad-sr", "assessment"),
}
"""What comes with Preread. OHIF 3.13 ends with a black page on a segmentation of an image without Image
Orientation (Patient), as ultrasound and mammograms are: none for it."""


class Profile(Section):
    """A profile of your own, for `destinations[].profile`."""

    name: Name
    """How destinations call it."""
    objects: tuple[DicomKind, ...] = Field(min_length=1)
    """`sr`: Comprehensive 3D SR, which links the `heatmap`s, secondary captures. `cine-heatmap`: the frames
    of a cine whose heatmaps are kept (`infer.frame_heatmaps`), as one (not compressed: 16 frames of 800 x 600
    are 23 MB). `presentation`: outline and score over the image. `segmentation`: the outlined region, of a
    cine that of the frame that counts. `parametric-map`: the heatmaps of a CT series at their places in the
    patient, as numbers (1 MB for a slice of 512 x 512). `key-objects`: a list of the suspicious images.
    `cad-sr`: Mammography CAD SR, for mammograms with a coded view. `pdf`: a page for people (needs
    `pip install preread[pdf]`). `rejection`: where results replace others, or a person rejects them, a note
    on those (IHE IOCM), for a PACS that then hides them. `assessment`: an SR of what a person says of a
    result on its page."""

    @model_validator(mode="after")
    def _links_resolve(self) -> Self:
        if "sr" in self.objects and "heatmap" not in self.objects:
            raise ValueError(
                f"profile {self.name!r} has an sr without the heatmap that it links: add heatmap"
            )
        return self
