from typing import Any

import pytest
from pydantic import ValidationError

from service.config import Settings

TASK = {"code": "US-MASS", "scheme": "99LOCAL", "classifiers": ["us-mass"], "destinations": ["pacs"]}
MANAGER = {"name": "ris", "url": "https://ris.hospital/rs", "tasks": [TASK]}
SOURCE = {"name": "archive", "dicomweb": {"qido_url": "https://pacs.hospital/rs"}}
PACS = {"name": "pacs", "host": "pacs", "ae_title": "PACS"}
RIS = {"name": "ris", "hl7": {"host": "ris"}}


def settings(*managers: dict[str, Any], **values: Any) -> Settings:
    defaults = {"sources": [SOURCE], "destinations": [PACS, RIS]}
    return Settings.model_validate(defaults | {"task_managers": managers} | values)


def test_manager_needs_little() -> None:
    (manager,) = settings(MANAGER).task_managers
    assert (manager.poll_interval_s, manager.max_claimed, manager.station) == (10.0, 4, "PREREAD")


@pytest.mark.parametrize(
    ("manager", "values", "reason"),
    [
        (MANAGER | {"tasks": []}, {}, "at least 1"),
        (MANAGER | {"tasks": [TASK, TASK]}, {}, "the same code"),
        (MANAGER | {"tasks": [TASK | {"destinations": ["none-such"]}]}, {}, "destinations are: pacs, ris"),
        (MANAGER | {"tasks": [TASK | {"destinations": ["ris"]}]}, {}, "has no PACS among its destinations"),
        (MANAGER | {"tasks": [TASK | {"code": "with space"}]}, {}, "code"),
        (MANAGER | {"source": "none-such"}, {}, "sources are: archive"),
        (MANAGER, {"sources": []}, r"add \[\[sources\]\]"),
        (MANAGER | {"url": "http://ris.hospital", "bearer_token_file": "token"}, {}, "in the clear"),
        (MANAGER | {"url": "ris.hospital"}, {}, "no base URL"),
    ],
)
def test_what_cannot_work_is_refused_with_what_to_do(
    manager: dict[str, Any], values: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValidationError, match=reason):
        settings(manager, **values)


def test_two_managers_have_two_names() -> None:
    with pytest.raises(ValidationError, match="two task managers are called ris"):
        settings(MANAGER, MANAGER)
