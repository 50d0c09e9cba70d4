"""Batch sizes that a plan is built for, as data."""

from dataclasses import dataclass

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BatchProfile:
    """Smallest, usual and largest number of images; a plan is tuned for `usual` and takes none outside.

    Raises ValueError unless 1 <= smallest <= usual <= largest.
    """

    smallest: int = 1
    usual: int = 8
    largest: int = 32

    def __post_init__(self) -> None:
        if not 1 <= self.smallest <= self.usual <= self.largest:
            raise ValueError(
                "a batch profile needs 1 <= smallest <= usual <= largest, "
                f"got {self.smallest}, {self.usual}, {self.largest}"
            )

    def shapes(self, image: Shape) -> tuple[Shape, Shape, Shape]:
        """Smallest, usual and largest shape of a batch of images of shape `image`.

        Raises ValueError if a length of `image` is not positive: only the batch may be dynamic.
        """
        if any(length < 1 for length in image):
            raise ValueError(
                f"only the batch may be dynamic, got images of shape {image}; export with a size"
            )
        return (self.smallest, *image), (self.usual, *image), (self.largest, *image)
