"""Finds classifiers: those shipped, and those in folders that the operator names."""

from collections.abc import Iterable
from pathlib import Path

from engines.errors import CatalogError
from engines.manifest import FILE, Manifest, read_manifest

SHIPPED = Path(__file__).parent / "classifiers"


def find_classifiers(extra: Iterable[Path] = ()) -> dict[str, Manifest]:
    """Manifests by name, of every `*/manifest.toml` below the shipped folder and each of `extra`.

    Weights are not read. Raises ManifestError, CatalogError if a folder is missing or a name taken twice.
    """
    found: dict[str, Manifest] = {}
    for root in (SHIPPED, *extra):
        if not root.is_dir():
            raise CatalogError(f"classifier folder {root} does not exist; create it or correct the setting")
        for path in sorted(root.glob(f"*/{FILE}")):
            manifest = read_manifest(path)
            if manifest.name in found:
                first = found[manifest.name].folder
                raise CatalogError(
                    f"classifier {manifest.name!r} is in {first} and {path.parent}; rename one"
                )
            found[manifest.name] = manifest
    return found


def find_classifier(name: str, extra: Iterable[Path] = ()) -> Manifest:
    """The manifest called `name`. Raises CatalogError that lists what there is."""
    found = find_classifiers(extra)
    if name not in found:
        raise CatalogError(f"no classifier {name!r}; there are: {', '.join(sorted(found)) or 'none'}")
    return found[name]
