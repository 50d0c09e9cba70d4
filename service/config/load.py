"""Read the configuration file and the environment, and say plainly what is wrong with them."""

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from service.config.settings import Settings
from service.errors import ConfigurationError

ENV_PREFIX = "PREREAD_"
# Read elsewhere: the file to load, where training data lies, and tokens of commands.
OTHER_VARIABLES = {"PREREAD_CONFIG", "PREREAD_DATA", "PREREAD_STOW_TOKEN"}


def load_settings(path: Path | None = None) -> Settings:
    """The settings of the file `path` (TOML, YAML) and of the environment, which wins.

    Without `path` the file named by PREREAD_CONFIG is read, else defaults hold. Raises ConfigurationError
    naming every wrong key, its value and what is allowed.
    """
    path = path or _path_from_environment()
    values = _read_file(path) if path else {}
    _refuse_unknown_variables(os.environ)
    try:
        return Settings(**values)
    except ValidationError as error:
        origin = f"{path} and the environment" if path else "the environment"
        problems = "\n".join(f"  {_explain(detail)}" for detail in error.errors())
        raise ConfigurationError(f"the configuration of {origin} cannot be used:\n{problems}") from None


def _path_from_environment() -> Path | None:
    named = os.environ.get("PREREAD_CONFIG")
    return Path(named) if named else None


def _read_file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text) if path.suffix == ".toml" else _parse_yaml(path, text)
    except OSError as error:
        raise ConfigurationError(f"cannot read the configuration {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not a readable configuration: {error}") from None
    if not isinstance(values, dict):
        raise ConfigurationError(f"{path} must hold keys and values at its top level")
    return values


def _parse_yaml(path: Path, text: str) -> Any:
    if path.suffix not in (".yaml", ".yml"):
        raise ConfigurationError(f"{path}: a configuration ends in .toml, .yaml or .yml")
    return yaml.safe_load(text) or {}


def _refuse_unknown_variables(environment: Mapping[str, str]) -> None:
    """A misspelt variable would silently do nothing; pydantic-settings does not look for them."""
    for variable in environment:
        if variable.upper().startswith(ENV_PREFIX) and variable.upper() not in OTHER_VARIABLES:
            keys = variable.upper().removeprefix(ENV_PREFIX).lower().split("__")
            _check_path(variable, keys, Settings)


def _check_path(variable: str, keys: list[str], model: type[BaseModel]) -> None:
    for key in keys:
        if key not in model.model_fields:
            raise ConfigurationError(
                f"environment variable {variable}: {_unknown(key, list(model.model_fields))}"
            )
        annotation = model.model_fields[key].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return
        model = annotation


def _explain(detail: ErrorDetails) -> str:
    """One line: key, value, what is allowed."""
    key = ".".join(str(part) for part in detail["loc"]) or "configuration"
    if detail["type"] == "extra_forbidden":
        return f"{key}: {_unknown(str(detail['loc'][-1]), _fields_beside(detail['loc']))}"
    if detail["type"] == "missing":
        return f"{key}: is required and not given"
    if detail["type"] == "value_error":
        return f"{key}: {detail['msg'].removeprefix('Value error, ')}"
    return f"{key} = {detail['input']!r}: {detail['msg'][0].lower()}{detail['msg'][1:]}"


def _fields_beside(location: tuple[int | str, ...]) -> list[str]:
    """The keys that are known where an unknown one stands."""
    model: Any = Settings
    for part in location[:-1]:
        if isinstance(part, str) and hasattr(model, "model_fields") and part in model.model_fields:
            model = model_within(model.model_fields[part].annotation)
    return list(getattr(model, "model_fields", {}))


def model_within(annotation: Any) -> type[BaseModel] | None:
    """The settings model in `Model`, `tuple[Model, ...]` or `dict[str, Model]`; None where there is none."""
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _unknown(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    return f"unknown key {key!r}{hint}; known here: {', '.join(known)}"
