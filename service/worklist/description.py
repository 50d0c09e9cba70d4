"""The API's description: what every route may answer, said once, by rules that hold for later routes too."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from service.worklist.answers import Problem
from service.worklist.machines import is_for_programs

_MEANINGS = {
    "401": "Nobody knows who asks: show a token that is valid",
    "403": "Whoever asks may not have this",
    "404": "There is no such thing here",
    "409": "This does not go with the state that the study is in",
    "422": "The request is not understood",
    "429": "Asked too often: wait a minute",
    "503": "The ledger or the store does not answer at the moment",
}
_NAME = "Problem"
_OF_THE_LIBRARY = ("HTTPValidationError", "ValidationError")
"""Its answers to what is not understood, in whose place ours stand."""


def describe(app: FastAPI) -> None:
    """Let the description of `app` name every answer that is no success; for that FastAPI wants its method to
    be replaced.
    """
    generate: Callable[[], dict[str, Any]] = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(generate())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _completed(description: dict[str, Any]) -> dict[str, Any]:
    schemas = description.setdefault("components", {}).setdefault("schemas", {})
    for name in _OF_THE_LIBRARY:
        schemas.pop(name, None)
    schemas[_NAME] = Problem.model_json_schema()
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            operation["responses"].pop("422", None)
            for status in sorted(_statuses(path, method, operation)):
                operation["responses"].setdefault(status, _problem(status))
            if method == "get" and is_for_programs(path):
                operation["responses"]["304"] = {"description": "As If-None-Match has it"}
    return description


def _statuses(path: str, method: str, operation: dict[str, Any]) -> set[str]:
    found = {"503"}
    if "security" in operation:
        found |= {"401", "403", "429"}
    if "{" in path:
        found.add("404")
    has_query = any(one["in"] == "query" for one in operation.get("parameters", ()))
    if (has_query or "requestBody" in operation) and "400" not in operation["responses"]:
        found.add("422")
    if method == "post" and "{" in path:
        found.add("409")
    return found


def _problem(status: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{_NAME}"}
    return {"description": _MEANINGS[status], "content": {"application/json": {"schema": schema}}}
