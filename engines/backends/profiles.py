"""Which of a plan's optimization profiles takes the arrays of a call."""

from dataclasses import dataclass

from engines.backends.port import Arrays
from engines.errors import InputError


@dataclass(frozen=True, slots=True)
class ShapeRange:
    """Smallest and largest shape that one profile of a plan takes for one input."""

    smallest: tuple[int, ...]
    largest: tuple[int, ...]

    def holds(self, shape: tuple[int, ...]) -> bool:
        """Whether every length lies between the two."""
        bounds = zip(self.smallest, shape, self.largest, strict=True)
        return all(low <= length <= high for low, length, high in bounds)


Profile = dict[str, ShapeRange]


def choose_profile(profiles: tuple[Profile, ...], arrays: Arrays) -> int:
    """Index of the first profile that takes these shapes. Raises InputError that says what is taken."""
    for index, profile in enumerate(profiles):
        if all(profile[name].holds(array.shape) for name, array in arrays.items()):
            return index
    got = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
    taken = " or ".join(_described(profile) for profile in profiles)
    raise InputError(f"the plan takes {taken}, got {got}; send other batches, or build a plan for these")


def _described(profile: Profile) -> str:
    return ", ".join(f"{name} {shapes.smallest} to {shapes.largest}" for name, shapes in profile.items())
