"""Who may call whom: each edge that a policy allows is allowed at its other end, too, and nothing else is."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from tests.unit.deploy.chart import (
    CHART,
    EXAMPLES,
    Manifest,
    changed,
    component_of,
    container_of,
    helm,
    of_kind,
    pod_of,
    render,
    rendered,
    values_of,
    workloads,
)

Edge = tuple[str, str, int]
ROLES = {"accept", "infer", "send", "worklist", "migrate"}
SERVERS_OF_ROLES = {
    "accept": {"postgresql", "rabbitmq"},
    "infer": {"postgresql", "rabbitmq"},
    "send": {"postgresql", "rabbitmq"},
    "worklist": {"postgresql"},
    "migrate": {"postgresql"},
}


def policies(manifests: tuple[Manifest, ...]) -> dict[str, Manifest]:
    return {component_of(one): one["spec"] for one in of_kind(manifests, "NetworkPolicy")}


def edges(manifests: tuple[Manifest, ...], direction: str, peers: str) -> Iterator[Edge]:
    """(component, peer's component, port) of every rule that names pods of this release."""
    by_selector = {
        tuple(sorted(spec["podSelector"]["matchLabels"].items())): component
        for component, spec in policies(manifests).items()
    }
    for component, spec in policies(manifests).items():
        for rule in spec.get(direction, []):
            for peer in rule.get(peers, []):
                labels = peer.get("podSelector", {}).get("matchLabels")
                if "namespaceSelector" not in peer and labels is not None:
                    other = by_selector[tuple(sorted(labels.items()))]
                    for port in rule["ports"]:
                        yield component, other, port["port"]


def rules(spec: Manifest, direction: str) -> list[Any]:
    found = spec.get(direction)
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_pod_is_under_a_policy_for_both_directions(example: str) -> None:
    manifests = rendered(example)
    assert {component_of(workload) for workload in workloads(manifests)} == ROLES
    for workload in workloads(manifests):
        spec = policies(manifests)[component_of(workload)]
        labels = pod_of(workload)["metadata"]["labels"]
        assert spec["podSelector"]["matchLabels"].items() <= labels.items()
        assert spec["policyTypes"] == ["Ingress", "Egress"]


def test_every_edge_inside_the_release_is_allowed_at_both_ends() -> None:
    manifests = rendered("operators")
    out = {edge for edge in edges(manifests, "egress", "to") if edge[0] in ROLES}
    into = {(other, one, port) for one, other, port in edges(manifests, "ingress", "from") if other in ROLES}
    assert out == into
    reached = {role: {server for one, server, _ in out if one == role} for role in ROLES}
    assert reached == SERVERS_OF_ROLES


@pytest.mark.parametrize("example", EXAMPLES)
def test_ports_that_are_let_in_are_ports_of_the_pods(example: str) -> None:
    manifests = rendered(example)
    for workload in workloads(manifests):
        rules_in = rules(policies(manifests)[component_of(workload)], "ingress")
        let_in = {port["port"] for rule in rules_in for port in rule["ports"]}
        listening = {port["containerPort"] for port in container_of(workload).get("ports", [])}
        assert let_in == listening


@pytest.mark.parametrize("example", EXAMPLES)
def test_workers_reach_no_address_outside_but_the_servers(example: str) -> None:
    spec = policies(rendered(example))["infer"]
    assert all(rule.get("ports") for rule in rules(spec, "egress"))


def test_networks_that_are_given_are_the_only_ones() -> None:
    manifests = render(changed("gpu", "networkPolicy.pacsCidrs", ["10.30.0.0/16"]))
    for role in ("accept", "infer", "send", "worklist"):
        blocks = {
            peer["ipBlock"]["cidr"]
            for rule in rules(policies(manifests)[role], "egress")
            for peer in rule["to"]
            if "ipBlock" in peer
        }
        assert blocks == {"10.40.0.0/24"} | ({"10.30.0.0/16"} if role in ("accept", "send") else set())


def test_collector_of_traces_is_reached_by_every_role_and_only_where_there_is_one() -> None:
    def collectors(values: Manifest, port: int) -> list[Any]:
        found = [rules(policies(render(values))[role], "egress") for role in ROLES - {"migrate"}]
        return [rule for of_role in found for rule in of_role if rule.get("ports") == [{"port": port}]]

    values = changed("gpu", "config.traces", {"endpoint": "http://collector.hospital:14318"})
    assert collectors(values_of("gpu"), 14318) == []
    anywhere = collectors(values, 14318)
    assert len(anywhere) == 4
    assert {peer["ipBlock"]["cidr"] for rule in anywhere for peer in rule["to"]} == {"0.0.0.0/0", "::/0"}
    values["networkPolicy"] = {"collectorNamespace": "monitoring"}
    (peer,) = collectors(values, 14318)[0]["to"]
    assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "monitoring"}
    values["config"]["traces"]["endpoint"] = "https://collector.hospital"
    assert len(collectors(values, 443)) == 4


def test_scanners_networks_hold_for_balancer_and_policy() -> None:
    manifests = rendered("minimal")
    (service,) = [one for one in of_kind(manifests, "Service") if component_of(one) == "accept"]
    (senders, _) = rules(policies(manifests)["accept"], "ingress")
    assert service["spec"]["loadBalancerSourceRanges"] == ["10.20.0.0/16"]
    assert service["spec"]["externalTrafficPolicy"] == "Local"
    assert senders["from"] == [{"ipBlock": {"cidr": "10.20.0.0/16"}}]


def test_every_allowed_edge_is_explained() -> None:
    values = str(CHART / "ci" / "operators-values.yaml")
    text = helm("template", "site", str(CHART), "--values", values).stdout
    for document in text.split("\n---\n"):
        if "kind: NetworkPolicy" in document:
            lines = [line.strip() for line in document.splitlines() if line.strip()]
            for above, line in pairwise(lines):
                if line in ("- from:", "- to:"):
                    assert above.startswith("# "), line
