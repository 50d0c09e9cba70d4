"""What is simulated, as a file says it: scanners, when they send, what they send, and how they misbehave."""

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from service.config.types import AETitle, Name, Seconds, Section
from service.errors import ConfigurationError

Share = Annotated[float, Field(ge=0, le=1)]
Modality = Literal["US", "MG", "MR"]
Compression = Literal["none", "implicit", "jpeg", "jpeg-ls", "jpeg-2000", "rle"]
HOURS = 24
SHIPPED = "hospital"


class Misbehaviour(Section):
    """Shares of the studies with which something goes wrong; a study has at most one of them."""

    abort: Share = 0.0
    """A-ABORT in the middle of an image; what is left is sent over a new association."""
    repeat: Share = 0.0
    """The whole study is sent a second time."""
    late: Share = 0.0
    """The last image comes `late_after_s` after the others."""
    wrong_syntax: Share = 0.0
    """The first image is encoded in another transfer syntax than was agreed."""
    truncated: Share = 0.0
    """The first image ends in the middle of its pixels."""
    no_release: Share = 0.0
    """The connection is closed without A-RELEASE."""

    @model_validator(mode="after")
    def _add_up(self) -> Self:
        if sum(self.shares().values()) > 1:
            raise ValueError("the shares of misbehaviour add up to more than 1")
        return self

    def shares(self) -> dict[str, float]:
        """By name, in a fixed order."""
        return self.model_dump()


class Bursts(Section):
    """Studies that were held back, as after a break of the network, and come all at once."""

    share: Share = 0.0
    """Of the arrivals, those that bring a burst."""
    studies: Annotated[int, Field(ge=2, le=1000)] = 5
    """In a burst."""


class Scanner(Section):
    """`count` scanners of one kind, each with an AE title of its own."""

    name: Name
    """How the plan calls it, and part of what its day is drawn from."""
    count: Annotated[int, Field(ge=1, le=1000)] = 1
    """Scanners of this kind."""
    ae_title: AETitle
    """Calling AE title; with several scanners a number follows."""
    modality: Modality
    """`US`, `MG` or `MR`."""
    studies_by_hour: Annotated[tuple[float, ...], Field(min_length=HOURS, max_length=HOURS)]
    """Studies per hour of each scanner, by the hour of the day."""
    images: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1, le=5000)]] = (4, 12)
    """Fewest and most images of a study."""
    rows: Annotated[int, Field(ge=64, le=8192)] = 768
    """Of an image."""
    columns: Annotated[int, Field(ge=64, le=8192)] = 1024
    """Of an image."""
    frames: Annotated[int, Field(ge=1, le=500)] = 1
    """Of each image; more than one is a cine (US only)."""
    pictures: Annotated[int, Field(ge=1, le=64)] = 4
    """Different pictures that are drawn before the start. Images share their pixels, never their UIDs."""
    compression: Compression = "none"
    """`none` (Explicit VR Little Endian), `implicit`, `jpeg` (lossy, US), `jpeg-ls`, `jpeg-2000` or `rle`."""
    associations: Annotated[int, Field(ge=1, le=64)] = 1
    """Studies that one scanner sends at one time."""
    between_images_s: Annotated[float, Field(ge=0)] = 0.0
    """Pause between two images on an association, for a scanner that sends what it has just taken."""
    urgent: Share = 0.0
    """Of the studies, those with Requested Procedure Priority STAT."""
    bursts: Bursts = Bursts()
    """Studies that come all at once."""
    misbehaviour: Misbehaviour = Misbehaviour()
    """What goes wrong, and how often."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.images[0] > self.images[1]:
            raise ValueError("`images` are the fewest and the most: the first is larger than the second")
        if self.modality != "US" and (self.frames > 1 or self.compression == "jpeg"):
            raise ValueError('`frames` and `compression = "jpeg"` are for US only')
        if self.frames > 1 and self.compression not in ("none", "implicit"):
            raise ValueError("a cine is sent uncompressed here")
        if min(self.studies_by_hour) < 0:
            raise ValueError("`studies_by_hour` has a number below 0")
        return self


class Scenario(Section):
    """A day, or a part of one, of a department."""

    begin_hour: Annotated[float, Field(ge=0, lt=HOURS)] = 0.0
    """Hour of the day at which it begins."""
    hours: Annotated[float, Field(gt=0, le=24 * 7)] = 24.0
    """How long it lasts."""
    late_after_s: Seconds = 300.0
    """From the end of the others to the late image."""
    repeat_after_s: Seconds = 600.0
    """From the end of a study to its repetition."""
    retry_after_s: Seconds = 10.0
    """Pause before what was not taken is sent again."""
    retries: Annotated[int, Field(ge=0, le=100)] = 3
    """So often an association is tried again before its images are given up."""
    scanners: Annotated[tuple[Scanner, ...], Field(min_length=1)]
    """Who sends."""


def load_scenario(path: Path | None = None) -> Scenario:
    """Read a scenario; None means the one that is shipped. Raises ConfigurationError."""
    try:
        text = path.read_text(encoding="utf-8") if path else _shipped()
        return Scenario(**tomllib.loads(text))
    except OSError as error:
        raise ConfigurationError(f"cannot read the scenario {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not readable TOML: {error}") from None
    except ValidationError as error:
        wrong = [f"  {'.'.join(map(str, one['loc'])) or 'scenario'}: {one['msg']}" for one in error.errors()]
        raise ConfigurationError(f"the scenario {path} cannot be used:\n" + "\n".join(wrong)) from None


def _shipped() -> str:
    return files("service.cli.simulate").joinpath(f"scenarios/{SHIPPED}.toml").read_text(encoding="utf-8")
