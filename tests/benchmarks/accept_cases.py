"""What is sent in one measurement: which objects, over how many associations."""

from dataclasses import dataclass

from tests.benchmarks.accept_objects import CT, SMALL, US, Kind, multi_frame

_FRAMES_200_MB, _FRAMES_50_MB = 85, 21
"""At 2.36 MB a frame."""


@dataclass(frozen=True, slots=True)
class Case:
    """`count` objects of a kind; each association carries its share.

    `one_by_one`: associations follow each other, and what counts is the median time of one.
    """

    name: str
    title: str
    kind: Kind
    count: int
    associations: int = 1
    one_by_one: bool = False

    @property
    def content(self) -> str:
        """In words."""
        objects = f"{self.count} {self.kind.name} of {self.kind.pixel_bytes / 1e6:.2g} MB"
        return objects + (", each over an association of its own" if self.one_by_one else "")


def cases(quick: bool) -> list[Case]:
    """All of them. `quick`: the same with little to send."""
    single = multi_frame(8 if quick else _FRAMES_200_MB)
    quarter = multi_frame(2 if quick else _FRAMES_50_MB)
    ct, us, small = (12, 4, 3) if quick else (200, 20, 15)
    return [
        Case("ct1", "CT x1", CT, ct),
        Case("us1", "US x1", US, us),
        Case("mf1", "multi-frame x1", single, 1),
        Case("ct4", "CT x4", CT, ct, 4),
        Case("us4", "US x4", US, us, 4),
        Case("mf4", "multi-frame x4", quarter, 4, 4),
        Case("small", "small object", SMALL, small, one_by_one=True),
    ]
