"""`preread doctor` at a real RabbitMQ, PostgreSQL, Orthanc and object store, as they are and broken."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from service.cli.main import app
from service.config import Settings
from service.enqueue.port import Envelope
from service.enqueue.rabbitmq import Address, RabbitMQBroker
from service.errors import BrokerUnavailable
from service.wiring.adapters import open_ledger, work_queues
from service.wiring.doctor.broker import look_at_broker
from service.wiring.doctor.database import look_at_database
from service.wiring.doctor.store import look_at_store
from service.wiring.doctor.store_test import store_test
from tests.servers.orthanc import Orthanc
from tests.servers.process import HOST, free_port, free_ports
from tests.servers.rabbitmq import RabbitMQ
from tests.servers.seaweedfs import SeaweedFS
from tests.unit.wiring.doctor.told import RULE, check_words, only, outcomes, settings_in

pytestmark = pytest.mark.integration
SHORT_DELAY = {"retry_delays_s": [1.0]}


@contextmanager
def declared(url: str, settings: Settings) -> Iterator[RabbitMQBroker]:
    """With the queues that the roles would make."""
    with closing(RabbitMQBroker(Address(url), settings.broker.retry_delays_s)) as broker:
        broker.declare(work_queues(settings))
        yield broker


def with_broker(folder: Path, url: str) -> Settings:
    return settings_in(folder, broker={"kind": "rabbitmq", "url": url} | SHORT_DELAY, rules=[RULE])


def orthanc_of(orthanc: Orthanc, **values: Any) -> dict[str, Any]:
    at = {"name": "pacs", "host": HOST, "port": orthanc.dicom_port, "ae_title": orthanc.ae_title}
    return at | values


def test_doctor_finds_real_servers_well_and_stores_its_test_object(
    rabbitmq_url: str, postgres_url: str, seaweedfs: SeaweedFS, orthanc: Orthanc, tmp_path: Path
) -> None:
    node = orthanc_of(orthanc)
    values = {
        "accept": {"min_free_bytes": 0, "port": free_port()},
        "broker": {"kind": "rabbitmq", "url": rabbitmq_url} | SHORT_DELAY,
        "ledger": {"url": postgres_url},
        "store": seaweedfs.settings(seaweedfs.create_bucket()),
        "destinations": [node, {"name": "web", "stow": {"url": f"{orthanc.http_url}/dicom-web"}}],
        "sources": [{"name": "old", "dimse": {key: node[key] for key in ("host", "port", "ae_title")}}],
        "rules": [RULE],
        "metrics": {"port": free_ports(4)[0]},
        "worklist": {"port": free_port()},
    }
    settings = settings_in(tmp_path, **values)
    configuration = tmp_path / "preread.yaml"
    configuration.write_text(json.dumps({"data_folder": str(tmp_path / "data")} | values))
    open_ledger(settings).close()
    orthanc.add_modality("preread", "PREREAD", free_port())
    with declared(rabbitmq_url, settings):
        result = CliRunner().invoke(
            app, ["--config", str(configuration), "doctor", "--json", "--store-test", "--limit", "90"]
        )
    said = json.loads(result.output)
    wrong = [
        (check["check"], one)
        for check in said["checks"]
        for one in check["findings"]
        if one["outcome"] == "failed"
    ]
    assert wrong == []
    assert result.exit_code == 0
    seen = {(check["check"], one["about"]): one for check in said["checks"] for one in check["findings"]}
    assert seen["broker", "queues"]["outcome"] == "ok"
    assert seen["broker", "alarm"]["outcome"] == "ok"
    assert "postgresql" in seen["database", "ledger"]["seen"]
    assert seen["database", "clock"]["outcome"] == "ok"
    assert seen["store", "store"]["outcome"] == "ok"
    assert "C-FIND finds" in seen["store test", "destination pacs"]["seen"]
    assert "QIDO-RS finds" in seen["store test", "destination web"]["seen"]
    assert seen["sources", "source old"]["outcome"] == "ok"
    descriptions = [
        orthanc.rest("GET", f"/instances/{one}/simplified-tags")["StudyDescription"]
        for one in orthanc.rest("GET", "/instances")
    ]
    assert descriptions == ["RESEARCH USE TEST OBJECT - may be deleted"] * 2


def test_pacs_that_stores_and_refuses_to_be_asked_is_told(orthanc: Orthanc, tmp_path: Path) -> None:
    for confirm, outcome in (("auto", "warning"), ("query", "failed")):
        settings = settings_in(tmp_path, destinations=[orthanc_of(orthanc, confirm=confirm)])
        stored, asked = check_words(store_test(settings, settings.destinations[0]))
        assert (stored.outcome, asked.outcome) == ("ok", outcome)
        assert "A-ABORT" in asked.seen


def test_queues_that_nobody_has_made_are_not_made(rabbitmq_url: str, tmp_path: Path) -> None:
    settings = with_broker(tmp_path, rabbitmq_url)
    for _ in range(2):
        found = outcomes(check_words(look_at_broker(settings)))
        assert (found["queues"], found["alarm"]) == (["warning"], ["ok"])


def test_messages_and_dead_letters_are_counted_and_left(rabbitmq_url: str, tmp_path: Path) -> None:
    settings = with_broker(tmp_path, rabbitmq_url)
    with declared(rabbitmq_url, settings) as broker:
        broker.publish([Envelope(f"id-{number}", "report", {}) for number in range(3)])
        with closing(broker.consumer(["report"], prefetch=1)) as consumer:
            delivery = consumer.receive(10)
            assert delivery is not None
            delivery.dead_letter("too bad")
        for _ in range(2):
            found = check_words(look_at_broker(settings))
            assert outcomes(found)["dead letters"] == ["warning"]
            (queues,) = [one for one in found if one.about == "queues"]
            assert "2 messages wait" in queues.seen


def test_queue_of_another_kind_is_told(rabbitmq: RabbitMQ, rabbitmq_url: str, tmp_path: Path) -> None:
    settings = with_broker(tmp_path, rabbitmq_url)
    host = rabbitmq_url.rpartition("/")[2]
    rabbitmq.management("PUT", f"/api/queues/{host}/report", {"durable": True, "arguments": {}})
    found = check_words(look_at_broker(settings))
    assert sorted(outcomes(found)["queues"]) == ["failed", "warning"]


def test_alarm_of_the_broker_is_told(rabbitmq: RabbitMQ, rabbitmq_url: str, tmp_path: Path) -> None:
    settings = with_broker(tmp_path, rabbitmq_url)
    rabbitmq.raise_memory_alarm()
    try:
        found = check_words(look_at_broker(settings))
    finally:
        rabbitmq.clear_memory_alarm()
    assert outcomes(found)["alarm"] == ["failed"]
    assert outcomes(check_words(look_at_broker(settings)))["alarm"] == ["ok"]


def test_broker_that_is_away_is_told(tmp_path: Path) -> None:
    url = f"amqp://preread:secret-of-tests@{HOST}:{free_port()}/"
    with pytest.raises(BrokerUnavailable) as caught:
        list(look_at_broker(with_broker(tmp_path, url)))
    assert "secret-of-tests" not in str(caught.value)


def test_database_is_looked_at_and_left(postgres_url: str, tmp_path: Path) -> None:
    settings = settings_in(tmp_path, ledger={"url": postgres_url})
    assert outcomes(check_words(look_at_database(settings)))["tables"] == ["warning"]
    with closing(open_ledger(settings)) as ledger:
        found = outcomes(check_words(look_at_database(settings)))
        with ledger.read() as tx:
            assert tx.notices.all() == ()
    assert found["tables"] == found["clock"] == ["ok"]
    assert len(found["commits"]) == 1


def test_bucket_is_looked_at_and_left(seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    bucket = seaweedfs.create_bucket()
    settings = settings_in(tmp_path, store=seaweedfs.settings(bucket), accept={"min_free_bytes": 0})
    assert outcomes(check_words(look_at_store(settings))) == {"store": ["ok"], "space": ["ok"]}
    assert "Contents" not in seaweedfs.client.list_objects_v2(Bucket=bucket)
    assert only([one for one in look_at_store(settings) if one.about == "store"]).outcome == "ok"
