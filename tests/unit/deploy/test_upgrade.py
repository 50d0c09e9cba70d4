"""What may not change from one version of the chart to the next: Kubernetes would refuse the upgrade, or make
new and empty volumes. selectors.json holds it; it only grows.
"""

import json
from pathlib import Path

import pytest

from tests.unit.deploy.chart import EXAMPLES, Manifest, named, of_kind, rendered, workloads

PINNED = json.loads((Path(__file__).parent / "selectors.json").read_text(encoding="utf-8"))
HOLDS_DATA = ("PersistentVolumeClaim", "Cluster", "RabbitmqCluster")


def immutable(manifest: Manifest) -> Manifest:
    """What Kubernetes lets nobody change, by the object's name."""
    spec = manifest["spec"]
    kept = {"matchLabels": spec["selector"]["matchLabels"]}
    if manifest["kind"] == "StatefulSet":
        claims = [claim["metadata"]["name"] for claim in spec["volumeClaimTemplates"]]
        kept |= {
            "serviceName": spec["serviceName"],
            "claims": claims,
            "management": spec["podManagementPolicy"],
        }
    return kept


def pinned_parts(example: str) -> dict[str, Manifest]:
    manifests = rendered(example)
    with_selectors = [one for one in workloads(manifests) if one["kind"] != "Job"]
    parts = {f"{one['kind']}/{one['metadata']['name']}": immutable(one) for one in with_selectors}
    return parts | {f"{one['kind']}/{one['metadata']['name']}": {} for one in of_kind(manifests, *HOLDS_DATA)}


@pytest.mark.parametrize("example", EXAMPLES)
def test_selectors_and_the_names_of_what_holds_data_stay(example: str) -> None:
    assert pinned_parts(example) == PINNED[example]


def test_the_ledger_is_upgraded_before_new_pods_start_and_by_nothing_of_the_release() -> None:
    job = named(rendered("operators"), "Job", "-migrate")
    hooks = job["metadata"]["annotations"]["helm.sh/hook"].split(",")
    assert hooks == ["post-install", "pre-upgrade"]
    spec = job["spec"]["template"]["spec"]
    # The ConfigMap would still be that of the version before.
    assert not any("configMap" in volume for volume in spec["volumes"])


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_holds_data_outlives_the_release(example: str) -> None:
    for manifest in of_kind(rendered(example), "Cluster", "RabbitmqCluster"):
        assert manifest["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
