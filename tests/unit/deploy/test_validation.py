"""Values that cannot work are refused with what to do, before anything is installed."""

import re
from typing import Any

import pytest

from service.config import Settings
from tests.unit.deploy.chart import CHART, VERSIONS, Values, changed, helm, template

REFUSED = [
    ("minimal", "config.data_folder", "/elsewhere", "is set by the chart: remove it, and set the value"),
    ("minimal", "config.ledger", {"url": "sqlite://"}, "set the value postgresql instead"),
    ("minimal", "config.accept", {"durability": "direct"}, "set the value accept.journal.kind instead"),
    ("minimal", "config.broker", {"url": "amqp://x"}, "set the value rabbitmq instead"),
    ("minimal", "config.worklist", {"bind": "127.0.0.1"}, "set the value worklist.service instead"),
    ("minimal", "config.infer", {"classifiers": ["us-mass"]}, "set the value classifiers instead"),
    ("minimal", "postgresql.host", "", "the ledger has no database"),
    ("minimal", "postgresql.operator", {"enabled": True}, "postgresql.operator.enabled and postgresql.host"),
    ("minimal", "postgresql.existingSecret", "", "postgresql.host needs postgresql.existingSecret"),
    ("minimal", "rabbitmq.host", "", "there is no broker"),
    ("minimal", "rabbitmq.operator", {"enabled": True}, "rabbitmq.operator.enabled and rabbitmq.host"),
    ("minimal", "rabbitmq.existingSecret", "", "rabbitmq.host needs rabbitmq.existingSecret"),
    ("operators", "rabbitmq.operator.tlsSecret", "", "set rabbitmq.operator.tlsSecret"),
    ("minimal", "broker", {"kind": "embedded"}, "broker.kind is embedded, and rabbitmq is set up"),
    ("minimal", "store", {"kind": "s3"}, "name the bucket in store.s3.bucket"),
    ("s3", "store.kind", "filesystem", "set store.kind to s3"),
    ("s3", "store.s3.prefix", "breast/", "store.s3.prefix begins or ends with a slash"),
    ("minimal", "accept.service.sourceRanges", [], "list the networks of scanners and PACS"),
    ("operators", "accept.service.externalTrafficPolicy", "Cluster", "set it to Local"),
    ("minimal", "config.accept", {"watched_folder": {"path": "/in"}}, "set accept.replicas to 1"),
    ("minimal", "config.accept", {"stow": {"enabled": True}}, "give it tokens_file, certificate and key"),
    ("minimal", "classifiers", {}, "which no worker runs, so that its studies would wait"),
    ("minimal", "classifiers.other", {}, "would not start: no rule of config.rules"),
    ("s3", "classifiers.us-mass.autoscaling", {"enabled": True}, "looks at queues of RabbitMQ"),
    ("gpu", "classifiers.us-mass.autoscaling.minReplicas", 9, "raise maxReplicas"),
    ("gpu", "classifiers.us-mass.plans.accessMode", "ReadWriteOnce", "set plans.accessMode to ReadWriteMany"),
    ("gpu", "classifiers.us-mass.settings", {"plan_folder": "/x"}, "is set by the chart: remove it"),
    ("minimal", "worklist", {"ingress": {"enabled": True}}, "set config.worklist.public_url"),
    ("gpu", "worklist.ingress", {"enabled": True}, "enable one of them"),
    ("gpu", "worklist.httpRoute.parentRefs", [], "name it in worklist.httpRoute.parentRefs"),
    ("operators", "config.worklist.public_url", "http://preread.hospital", "does not begin with https://"),
    ("operators", "secrets", {}, "with existingSecret and roles"),
]


@pytest.mark.parametrize(("example", "path", "value", "message"), REFUSED, ids=[row[3] for row in REFUSED])
def test_values_that_do_not_go_together_are_refused(
    example: str, path: str, value: Any, message: str
) -> None:
    result = template(changed(example, path, value))
    assert result.returncode != 0
    assert message in result.stderr


def test_open_worklist_needs_network_policies() -> None:
    values = changed("minimal", "config.worklist", {"sign_in": "never"})
    assert template(values).returncode == 0
    values["networkPolicy"] = {"enabled": False}
    assert "set networkPolicy.enabled to true" in template(values).stderr


def test_every_message_of_the_chart_is_tried() -> None:
    text = (CHART / "templates" / "_validation.tpl").read_text(encoding="utf-8")
    messages = re.findall(r'\{\{- fail \(?(?:printf )?"((?:[^"\\]|\\.)*)"', text)
    tried = [row[3] for row in REFUSED] + ["set networkPolicy.enabled to true"]
    untried = [message for message in messages if not any(part in message for part in tried)]
    assert len(messages) == text.count("{{- fail ")
    assert untried == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "path",
    [
        "acept",
        "accept.replica",
        "classifiers.us-mass.gpu",
        "config.acept",
        "config.worklist",
        "rabbitmq.password",
        "store.s3.secretKey",
    ],
)
def test_an_unknown_value_is_refused(path: str, version: str) -> None:
    value: Any = {"public_uri": "https://x"} if path == "config.worklist" else 1
    result = template(changed("minimal", path, value), version=version)
    assert result.returncode != 0
    assert "additional" in result.stderr.lower()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("accept.replicas", "two"),
        ("accept.replicas", 0),
        ("accept.service.sourceRanges", ["10.20.0.1"]),
        ("classifiers.us-mass.device", "tpu"),
        ("config.accept", {"port": 70000}),
        ("config.rules", [{"name": "no-classifiers"}]),
        ("secrets.tls", {"existingSecret": "x", "roles": ["acept"]}),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(path: str, value: Any) -> None:
    result = template(changed("minimal", path, value))
    assert result.returncode != 0
    assert "values don't meet the specifications of the schema" in result.stderr


@pytest.mark.parametrize("version", VERSIONS)
def test_settings_are_taken_in_every_form_that_the_service_takes(version: str) -> None:
    values: Values = changed("minimal", "config.retention", {"images_days": 90, "studies_days": None})
    (rule,) = values["config"]["rules"]
    rule["when"] = {"Modality": ["US", "MG"], "Rows": {"at_least": 256}, "BodyPartExamined": "BREAST"}
    assert Settings.model_validate(values["config"]).retention.images_days == 90
    assert template(values, version=version).returncode == 0


def test_the_chart_alone_says_what_it_needs() -> None:
    result = helm("template", "site", str(CHART))
    assert "the ledger has no database" in result.stderr
