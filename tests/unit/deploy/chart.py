"""The chart, rendered by real Helm once for each set of values."""

import json
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.servers.programs import skip_or_fail

ROOT = Path(__file__).parents[3]
CHART = ROOT / "deploy" / "helm"
EXAMPLES = tuple(sorted(path.stem.removesuffix("-values") for path in (CHART / "ci").glob("*-values.yaml")))
VERSIONS = ("3", "4")

Manifest = dict[str, Any]
Values = dict[str, Any]


def helm(*arguments: str, version: str = "4") -> subprocess.CompletedProcess[str]:
    """Run Helm with folders of its own. Skips where it is missing, and fails in CI."""
    program = ROOT / "build" / "helm" / version / "helm"
    if not program.exists():
        skip_or_fail("Helm is not installed: run `make test`, or tests/servers/install-helm build/helm")
    with tempfile.TemporaryDirectory() as home:
        environment = {"HOME": home, "PATH": "/usr/bin:/bin"}
        return subprocess.run(
            [str(program), *arguments], env=environment, capture_output=True, text=True, check=False
        )


@cache
def rendered(example: str, version: str = "4") -> tuple[Manifest, ...]:
    """The manifests of one of the values files in `ci`."""
    return render(values_of(example), version=version)


def render(values: Values, chart: Path = CHART, version: str = "4") -> tuple[Manifest, ...]:
    """The manifests of these values."""
    result = template(values, chart, version)
    assert result.returncode == 0, result.stderr
    return tuple(manifest for manifest in yaml.safe_load_all(result.stdout) if manifest)


def template(
    values: Values, chart: Path = CHART, version: str = "4", *options: str
) -> subprocess.CompletedProcess[str]:
    """What `helm template` answers."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(values, file)
        file.flush()
        arguments = ("template", "site", str(chart), "--namespace", "preread", "--values", file.name)
        return helm(*arguments, *options, version=version)


def values_of(example: str) -> Values:
    """The values of an example."""
    loaded = yaml.safe_load((CHART / "ci" / f"{example}-values.yaml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def changed(example: str, path: str, value: Any) -> Values:
    """The values of an example with another one at a dotted path."""
    values = values_of(example)
    *sections, key = path.split(".")
    section = values
    for name in sections:
        section = section.setdefault(name, {})
    section[key] = value
    return values


def copy_with_files(folder: Path, files: dict[str, str]) -> Path:
    """A copy of the chart with these files in its `files`, in place of what is there."""
    copy = folder / "chart"
    shutil.copytree(CHART, copy, ignore=shutil.ignore_patterns("files", "__pycache__"))
    (copy / "files").mkdir()
    for name, text in files.items():
        (copy / "files" / name).write_text(text, encoding="utf-8")
    return copy


def of_kind(manifests: tuple[Manifest, ...], *kinds: str) -> list[Manifest]:
    """The manifests of these kinds."""
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def named(manifests: tuple[Manifest, ...], kind: str, name: str) -> Manifest:
    """The one manifest of this kind whose name ends so."""
    (found,) = [one for one in of_kind(manifests, kind) if one["metadata"]["name"].endswith(name)]
    return found


def workloads(manifests: tuple[Manifest, ...]) -> list[Manifest]:
    """Everything that makes pods."""
    return of_kind(manifests, "Deployment", "StatefulSet", "Job")


def pod_of(workload: Manifest) -> Manifest:
    """The template of its pods."""
    template_of_pods = workload["spec"]["template"]
    assert isinstance(template_of_pods, dict)
    return template_of_pods


def container_of(workload: Manifest) -> Manifest:
    """Its only container."""
    (container,) = pod_of(workload)["spec"]["containers"]
    assert isinstance(container, dict)
    return container


def component_of(manifest: Manifest) -> str:
    """The role that it belongs to."""
    return str(manifest["metadata"]["labels"]["app.kubernetes.io/component"])
