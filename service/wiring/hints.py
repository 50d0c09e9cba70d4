"""What can be used as it is configured, and may be meant otherwise."""

from engines.available import settle
from engines.errors import ChoiceError
from service.config import Settings
from service.wiring.adapters import classifier_names, engine_choice


def hints(settings: Settings) -> list[str]:
    """One sentence each."""
    found = [*_of_rules(settings), *_of_commitment(settings)]
    if settings.worklist.sign_in == "never" and settings.worklist.bind not in (
        "127.0.0.1",
        "::1",
        "localhost",
    ):
        found.append("the worklist has no login: put a proxy with authentication in front of it")
    return found


def engine_hints(settings: Settings) -> list[str]:
    """Whether this machine can run the engine that is configured; a worker may be another machine."""
    if not classifier_names(settings):
        return []
    try:
        settled = settle(engine_choice(settings))
    except ChoiceError as error:
        return [f"a worker on this machine would not start: {error}"]
    return [f"a worker on this machine would use {settled.choice.backend}: {settled.reason}"]


def _of_rules(settings: Settings) -> list[str]:
    found = []
    if not settings.rules and not settings.task_managers:
        found.append("there are no rules: studies are kept and shown, but not analysed")
    if settings.rules and not any(rule.destinations for rule in settings.rules):
        found.append("no rule names a destination: results stay in the worklist")
    found += [
        f"rule {rule.name} lets images without a body part count as {rule.assume_body_part}: make sure that "
        "it matches only scanners that send nothing else"
        for rule in settings.rules
        if rule.assume_body_part
    ]
    return found


def _of_commitment(settings: Settings) -> list[str]:
    ours = (settings.accept.ae_title, *settings.accept.extra_ae_titles)
    if not settings.accept.require_called_ae_title or settings.send.ae_title in ours:
        return []
    return [
        f"destination {one.name} sends reports of storage commitment to {settings.send.ae_title}, by "
        "which `accept` is not called, so it refuses them: add it to accept.extra_ae_titles"
        for one in settings.destinations
        if one.host and one.confirm in ("auto", "commitment")
    ]
