"""A training recipe: everything that decides what comes out, in one TOML file."""

from dataclasses import dataclass
from pathlib import Path

from engines.errors import RecipeError
from engines.tables import read_toml

RECIPE = "recipe.toml"
"""In a classifier's folder: what it was trained by."""
CLASS, LESION = "class", "lesion"
HALF, FULL = "float16", "float32"
"""What a stage may teach."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A data set that is learnt from and measured on together with the first: its folds go into those of the
    same number.
    """

    form: str
    folder: str


@dataclass(frozen=True, slots=True)
class Data:
    """`folder` is below the data root and has the form `form` (engines.data.formats). Folds are the data
    set's own, or made by patient. Without folds here, each is held out once, or each of `held_out` where
    that names some; what is shipped are the judges of all of those (cross_validation.py).
    """

    folder: str
    test_fold: int | None = None
    validation_fold: int | None = None
    form: str = "bus-bra"
    joined: tuple[Joined, ...] = ()
    held_out: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if (self.test_fold is None) is not (self.validation_fold is None):
            raise ValueError(
                "give both test_fold and validation_fold, or none of them to hold out each fold once"
            )
        if self.test_fold is not None and self.test_fold == self.validation_fold:
            raise ValueError(f"test_fold and validation_fold are both {self.test_fold}; they must differ")
        if self.held_out and self.test_fold is not None:
            raise ValueError("give held_out, or test_fold and validation_fold, not both")
        if len(self.held_out) == 1:
            raise ValueError("held_out names one fold; name two or more: each is calibrated by the others")

    @property
    def called(self) -> str:
        """All data sets, by their folders."""
        return " and ".join([self.folder, *(one.folder for one in self.joined)])


@dataclass(frozen=True, slots=True)
class OtherData:
    """A further data set, which stages that name it learn from: mammograms before ultrasound, say. Its last
    fold is held out.
    """

    name: str
    form: str
    folder: str


@dataclass(frozen=True, slots=True)
class Network:
    """`weights` as in engines.networks.weights.read_state; `size` is the input's side in pixels.

    `stored`: how a cross-validated network's weights are kept, float16 or float32; the export refuses a
    rounding that changes what the network says.
    """

    architecture: str
    weights: str
    size: int = 224
    dropout: float = 0.2
    stored: str = HALF

    def __post_init__(self) -> None:
        if self.stored not in {HALF, FULL}:
            raise ValueError(f"weights are stored as {HALF} or {FULL}, not as {self.stored!r}")


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of training. `freeze` counts the first blocks of the features that stay as they are; a
    frozen block's batch norm statistics stay too. -1 freezes all of them: only the head learns.

    `learns`: `class`, or `lesion` where the network finds it; then only that part of the network learns.
    `data` names one of the recipe's other data sets.
    """

    name: str
    epochs: int
    learning_rate: float
    freeze: int
    learns: str = CLASS
    data: str = ""

    def __post_init__(self) -> None:
        if self.learns not in {CLASS, LESION}:
            raise ValueError(f"stage {self.name!r} learns {self.learns!r}; it can learn: {CLASS}, {LESION}")


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Probabilities in 0..1 of what may befall a training image; see augmentation/. `wide`: of an image that
    is not cut, to be seen from further away, as a scanner shows it that keeps a broad black frame.
    """

    crop: float
    affine: float
    tone: float
    speckle: float
    blur: float
    depth_gain: float
    erase: float
    marks: float
    wide: float = 0.0


@dataclass(frozen=True, slots=True)
class Loss:
    """`outside` weighs the share of evidence that lies outside the lesion's mask; for networks that judge the
    whole image. `birads` weighs how well the radiologists' category is told; for networks with judges.
    `balanced`: the rarer class counts as much as the other one.
    """

    label_smoothing: float
    outside: float = 0.0
    birads: float = 0.0
    balanced: bool = False


@dataclass(frozen=True, slots=True)
class Optimiser:
    """AdamW with a cosine schedule per stage. `average_decay`: moving average of weights, per step.

    `features_rate`: how much of a stage's learning rate the pretrained features get, 0..1.
    """

    batch: int
    weight_decay: float
    average_decay: float
    warmup_steps: int
    features_rate: float = 1.0


@dataclass(frozen=True, slots=True)
class EarlyStopping:
    """Stop after `patience` epochs without a better result on the validation part, and keep the best one."""

    patience: int


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """The highest threshold with at least this sensitivity on the validation part."""

    name: str
    sensitivity: float


@dataclass(frozen=True, slots=True)
class Recipe:
    """One classifier's training. `threads`: PyTorch's, part of what makes a run repeatable. `manifest`: file
    beside the recipe with the part of the classifier's manifest that people decide. Without `early_stopping`
    all epochs run, and the last one counts: nothing is chosen by what is held out.
    """

    name: str
    manifest: str
    seed: int
    threads: int
    data: Data
    network: Network
    stages: tuple[Stage, ...]
    augmentation: Augmentation
    loss: Loss
    optimiser: Optimiser
    operating_point: OperatingPoint
    early_stopping: EarlyStopping | None = None
    other_data: tuple[OtherData, ...] = ()

    def __post_init__(self) -> None:
        named = {other.name for other in self.other_data} | {""}
        for stage in self.stages:
            if stage.data not in named:
                raise ValueError(
                    f"stage {stage.name!r} learns from {stage.data!r}, which other_data does not name"
                )
        if self.stages and self.stages[-1].data:
            raise ValueError("the last stage must learn from [data], on which the classifier is measured")
        if self.is_cross_validated and self.early_stopping is not None:
            raise ValueError(
                "early_stopping would choose by what is held out: leave it out, or name folds in [data]"
            )

    @property
    def is_cross_validated(self) -> bool:
        """Whether each fold is held out once."""
        return self.data.test_fold is None

    @property
    def epochs(self) -> int:
        """Of all stages."""
        return sum(stage.epochs for stage in self.stages)

    def stage_of(self, epoch: int) -> tuple[Stage, int]:
        """The stage that `epoch` (from 0) belongs to, and the epoch's number within it."""
        for stage in self.stages:
            if epoch < stage.epochs:
                return stage, epoch
            epoch -= stage.epochs
        raise RecipeError(f"recipe {self.name!r} has {self.epochs} epochs only")


def read_recipe(path: Path) -> Recipe:
    """Read and check a recipe. Raises RecipeError that names the file and the key."""
    return read_toml(Recipe, path, RecipeError)
