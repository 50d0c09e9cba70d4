"""Kubernetes takes what the chart makes, in every version that the chart is for."""

import pytest

from tests.unit.deploy.chart import CHART, EXAMPLES, VERSIONS, helm, rendered

kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="tests/servers/python-packages.txt")

KUBERNETES = ("1.27", "1.29", "1.31", "1.33", "1.35", "1.37")
CUSTOM = {
    "Cluster",
    "HTTPRoute",
    "PodMonitor",
    "PrometheusRule",
    "RabbitmqCluster",
    "ScaledObject",
    "TriggerAuthentication",
}
"""Kinds of operators, of which Kubernetes has no schema."""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("example", EXAMPLES)
def test_lint_finds_nothing(example: str, version: str) -> None:
    values = str(CHART / "ci" / f"{example}-values.yaml")
    result = helm("lint", "--strict", str(CHART), "--values", values, version=version)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("example", EXAMPLES)
def test_both_versions_of_helm_make_the_same(example: str) -> None:
    assert rendered(example, "3") == rendered(example, "4")


@pytest.mark.parametrize("kubernetes", KUBERNETES)
@pytest.mark.parametrize("example", EXAMPLES)
def test_manifests_are_valid(example: str, kubernetes: str) -> None:
    for manifest in rendered(example):
        if manifest["kind"] not in CUSTOM:
            kubernetes_validate.validate(manifest, kubernetes, strict=True)


def test_examples_have_every_kind_that_the_chart_can_make() -> None:
    made = {manifest["kind"] for example in EXAMPLES for manifest in rendered(example)}
    assert made >= CUSTOM - {"PrometheusRule"} | {"StatefulSet", "Deployment", "Job", "Ingress", "Service"}


@pytest.mark.parametrize("example", EXAMPLES)
def test_no_two_objects_share_a_name(example: str) -> None:
    names = [(one["kind"], one["metadata"]["name"]) for one in rendered(example)]
    assert len(names) == len(set(names))
