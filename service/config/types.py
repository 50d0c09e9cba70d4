"""The kinds of value that settings share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

AETitle = Annotated[
    str, StringConstraints(pattern=r"^[\x21-\x5b\x5d-\x7e]([\x20-\x5b\x5d-\x7e]{0,14}[\x21-\x5b\x5d-\x7e])?$")
]
"""1 to 16 printable ASCII characters without a backslash, no blank at either end (PS3.5 6.2, VR AE)."""
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""Small letters, digits and hyphens: names become parts of queue and file names."""
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """A part of the configuration: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
