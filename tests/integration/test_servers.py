"""Each server fixture gives a server that answers."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pika
import pika.exceptions
import pytest
import sqlalchemy
from PIL import Image
from pydicom.dataset import Dataset

from service.cli.demo.phantom import phantom_study
from tests.servers.chromium import Chromium
from tests.servers.dcmtk import Dciodvfy, Dcmtk
from tests.servers.orthanc import Orthanc
from tests.servers.postgres import Postgres
from tests.servers.rabbitmq import RabbitMQ

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def study() -> list[Dataset]:
    return phantom_study(seed=1)


def _connect(url: str) -> pika.BlockingConnection:
    return pika.BlockingConnection(pika.URLParameters(url))


def _declare_quorum_queue(channel: pika.channel.Channel, name: str) -> None:
    channel.queue_declare(name, durable=True, arguments={"x-queue-type": "quorum"})


def test_rabbitmq_keeps_a_confirmed_message_when_it_is_killed(rabbitmq: RabbitMQ, rabbitmq_url: str) -> None:
    with _connect(rabbitmq_url) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        _declare_quorum_queue(channel, "kept")
        channel.basic_publish("", "kept", b"message", pika.BasicProperties(delivery_mode=2))

    rabbitmq.restart()

    with _connect(rabbitmq_url) as connection:
        _, _, body = connection.channel().basic_get("kept", auto_ack=True)
    assert body == b"message"


def test_rabbitmq_refuses_connections_between_stop_app_and_start_app(rabbitmq: RabbitMQ) -> None:
    rabbitmq.stop_app()
    try:
        with pytest.raises(pika.exceptions.AMQPConnectionError):
            _connect(rabbitmq.url)
    finally:
        rabbitmq.start_app()

    with _connect(rabbitmq.url) as connection:
        assert connection.is_open


def test_rabbitmq_tells_its_queues_to_the_management_helper(rabbitmq: RabbitMQ, rabbitmq_url: str) -> None:
    virtual_host = rabbitmq_url.rsplit("/", maxsplit=1)[-1]

    with _connect(rabbitmq_url) as connection:
        _declare_quorum_queue(connection.channel(), "told")

    queues = rabbitmq.management("GET", f"/api/queues/{virtual_host}")
    assert [queue["name"] for queue in queues] == ["told"]


def test_postgres_gives_every_test_an_empty_database(postgres: str, postgres_url: str) -> None:
    engine = sqlalchemy.create_engine(postgres_url)

    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE only_here (number INTEGER)"))

    assert postgres_url != postgres
    assert sqlalchemy.inspect(engine).get_table_names() == ["only_here"]
    engine.dispose()


def test_postgres_keeps_what_was_committed_when_it_is_killed(
    postgres_server: Postgres, postgres_url: str
) -> None:
    engine = sqlalchemy.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE kept (number INTEGER)"))
    engine.dispose()

    postgres_server.kill()
    postgres_server.start()

    assert sqlalchemy.inspect(engine).get_table_names() == ["kept"]
    engine.dispose()


def test_dcmtk_sends_the_phantom_to_orthanc(
    orthanc: Orthanc, dcmtk: Dcmtk, study: list[Dataset], tmp_path: Path
) -> None:
    for number, ds in enumerate(study):
        ds.save_as(tmp_path / f"{number}.dcm", enforce_file_format=True)

    sent = dcmtk.run(
        "storescu", "-aec", orthanc.ae_title, orthanc.host, str(orthanc.dicom_port), "+sd", str(tmp_path)
    )

    assert sent.returncode == 0, sent.stdout
    assert orthanc.count_by_sop_class() == {study[0].SOPClassUID: len(study)}
    assert orthanc.dicom_file(study[0].SOPInstanceUID)[128:132] == b"DICM"


def test_dciodvfy_finds_no_error_in_the_phantom(
    dciodvfy: Dciodvfy, study: list[Dataset], tmp_path: Path
) -> None:
    paths = [tmp_path / "left.dcm", tmp_path / "right.dcm"]
    for path, ds in zip(paths, study, strict=True):
        ds.save_as(path, enforce_file_format=True)

    assert [dciodvfy.errors(path) for path in paths] == [[], []]


def test_dciodvfy_finds_an_error_in_an_image_without_its_study(
    dciodvfy: Dciodvfy, study: list[Dataset], tmp_path: Path
) -> None:
    path = tmp_path / "image.dcm"
    ds = Dataset(study[0])
    ds.file_meta = study[0].file_meta
    del ds.StudyInstanceUID
    ds.save_as(path, enforce_file_format=True)

    errors = dciodvfy.errors(path)

    assert any("StudyInstanceUID" in error for error in errors)


def test_chromium_shows_what_a_script_has_drawn(chromium: Chromium, page_url: str, tmp_path: Path) -> None:
    path = tmp_path / "page.png"

    with chromium.page((400, 300)) as page:
        page.goto(page_url)
        page.screenshot(path=path)

    with Image.open(path) as image:
        assert image.size == (400, 300)
        assert image.convert("RGB").getpixel((200, 150)) == (0, 128, 0)


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<!doctype html><script>document.documentElement.style.background = 'gre' + 'en'</script>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def page_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
