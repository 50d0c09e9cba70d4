"""What a plain `pip install preread` brings asks for nothing that Apache-2.0 does not go with."""

import re
from importlib.metadata import Distribution, distribution

from packaging.requirements import Requirement

COPYLEFT = re.compile(r"\b[AL]?GPL|GNU (Affero|Lesser|Library)?\s*General Public", re.IGNORECASE)
WEAK = {
    # LGPL 3.0 only: a library that is imported and not changed. In the extra `postgres`, not in the base.
    "psycopg",
    "psycopg-binary",
}
EXTRAS = ("rabbitmq", "postgres", "oidc", "pdf")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def brought(extras: tuple[str, ...] = ()) -> dict[str, Distribution]:
    """Every package that is installed with preread on this machine, by name."""
    found: dict[str, Distribution] = {}
    open_ends = [Requirement(f"preread[{','.join(extras)}]")]
    while open_ends:
        requirement = open_ends.pop()
        one = distribution(requirement.name)
        found[normal(requirement.name)] = one
        for text in one.requires or []:
            needed = Requirement(text)
            if applies(needed, requirement.extras) and normal(needed.name) not in found:
                open_ends.append(needed)
    del found["preread"]
    return found


def applies(requirement: Requirement, extras: set[str]) -> bool:
    if requirement.marker is None:
        return True
    return any(requirement.marker.evaluate({"extra": extra}) for extra in (extras or {""}))


def licence(one: Distribution) -> str:
    """What the package says of its licence: as an expression, by classifiers, else in words of its own."""
    classifiers = one.metadata.get_all("Classifier") or []
    said = [
        *(one.metadata.get_all("License-Expression") or []),
        *(text for text in classifiers if text.startswith("License ::")),
    ]
    return "; ".join(said or one.metadata.get_all("License") or [])


def test_base_install_has_no_copyleft() -> None:
    licences = {name: licence(one) for name, one in brought().items()}

    assert len(licences) > 30
    assert {name: text for name, text in licences.items() if COPYLEFT.search(text)} == {}


def test_every_package_says_its_licence() -> None:
    assert [name for name, one in brought(EXTRAS).items() if not licence(one)] == []


def test_extras_of_the_images_have_weak_copyleft_only_where_it_is_known() -> None:
    licences = {name: licence(one) for name, one in brought(EXTRAS).items()}
    copyleft = {name for name, text in licences.items() if COPYLEFT.search(text)}

    assert copyleft == WEAK
    assert all("Lesser" in licences[name] or "LGPL" in licences[name] for name in WEAK)


def test_gpl_is_recognised() -> None:
    for text in (
        "GPL-3.0-or-later",
        "AGPL-3.0-only",
        "License :: OSI Approved :: GNU General Public License v2",
    ):
        assert COPYLEFT.search(text)
    assert not COPYLEFT.search("MIT AND BSD-3-Clause")
