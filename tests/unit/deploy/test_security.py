"""What no pod may do, and where no secret may be."""

import re
from typing import Any

import pytest
import yaml

from tests.unit.deploy.chart import (
    EXAMPLES,
    Manifest,
    container_of,
    named,
    of_kind,
    pod_of,
    rendered,
    workloads,
)

VOLUMES_OF_THE_RESTRICTED_PROFILE = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
SECRET_KEY = re.compile(r"(?i)(password|secret|token|api_?key|credentials)$")


def every(*kinds: str) -> list[Any]:
    made = [(example, one) for example in EXAMPLES for one in (of_kind(rendered(example), *kinds))]
    return [pytest.param(one, id=f"{example}-{one['metadata']['name']}") for example, one in made]


def pods() -> list[Any]:
    try:
        return every("Deployment", "StatefulSet", "Job")
    except pytest.skip.Exception:
        return []


@pytest.mark.parametrize("workload", pods())
def test_pods_keep_to_the_restricted_profile(workload: Manifest) -> None:
    pod, container = pod_of(workload)["spec"], container_of(workload)
    of_pod, of_container = pod["securityContext"], container["securityContext"]

    assert of_pod["runAsNonRoot"] is True
    assert of_pod["runAsUser"] > 0
    assert of_pod["seccompProfile"] == {"type": "RuntimeDefault"}
    assert of_container["allowPrivilegeEscalation"] is False
    assert of_container["capabilities"] == {"drop": ["ALL"]}
    assert of_container["readOnlyRootFilesystem"] is True
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(pod)
    assert not any("hostPort" in port for port in container.get("ports", []))
    kinds = {key for volume in pod["volumes"] for key in volume if key != "name"}
    assert kinds <= VOLUMES_OF_THE_RESTRICTED_PROFILE


@pytest.mark.parametrize("workload", pods())
def test_pods_get_no_token_of_kubernetes_and_no_variables_of_services(workload: Manifest) -> None:
    pod = pod_of(workload)["spec"]
    assert pod["automountServiceAccountToken"] is False
    # PREREAD_ACCEPT_PORT and the like would be refused as unknown settings.
    assert pod["enableServiceLinks"] is False


@pytest.mark.parametrize("workload", pods())
def test_secrets_come_by_reference(workload: Manifest) -> None:
    for variable in container_of(workload)["env"]:
        if SECRET_KEY.search(variable["name"]):
            assert "secretKeyRef" in variable["valueFrom"]
        else:
            assert not re.search(r"://[^@/]*:[^@/]*@", variable.get("value", "")), variable["name"]


@pytest.mark.parametrize("workload", pods())
def test_mounts_and_volumes_belong_together(workload: Manifest) -> None:
    pod, mounts = pod_of(workload)["spec"], container_of(workload)["volumeMounts"]
    claims = workload["spec"].get("volumeClaimTemplates", [])
    volumes = {one["name"] for one in pod["volumes"]} | {one["metadata"]["name"] for one in claims}
    assert {mount["name"] for mount in mounts} == volumes
    assert len({mount["mountPath"] for mount in mounts}) == len(mounts)


@pytest.mark.parametrize("example", EXAMPLES)
def test_no_secret_is_in_a_config_map_and_none_is_made(example: str) -> None:
    manifests = rendered(example)
    assert of_kind(manifests, "Secret") == []
    configuration = yaml.safe_load(named(manifests, "ConfigMap", "preread")["data"]["preread.yaml"])
    assert [path for path in paths(configuration) if SECRET_KEY.search(path)] == []


def paths(value: Any, path: str = "") -> list[str]:
    if isinstance(value, dict):
        return [inner for key, one in value.items() for inner in paths(one, f"{path}.{key}")]
    if isinstance(value, list):
        return [inner for one in value for inner in paths(one, path)]
    return [path]


def test_a_secret_is_mounted_by_the_roles_that_it_is_for_only() -> None:
    manifests = rendered("operators")
    mounted = {
        workload["metadata"]["labels"]["app.kubernetes.io/component"]: {
            mount["name"].removeprefix("secret-")
            for mount in container_of(workload)["volumeMounts"]
            if mount["name"].startswith("secret-")
        }
        for workload in workloads(manifests)
    }
    assert mounted == {
        "accept": {"accept-tls", "stow", "collector"},
        "infer": {"collector"},
        "send": {"pacs-token", "collector"},
        "worklist": {"oidc", "collector"},
        "migrate": set(),
    }
