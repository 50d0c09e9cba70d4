"""Which adapter stands behind which port."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog

from engines.catalog import find_classifiers
from engines.choice import Backend, EngineChoice
from engines.errors import EngineError
from engines.manifest import Manifest
from engines.plans.profile import BatchProfile
from engines.precision import Precision
from service.config import InferSettings, Settings
from service.enqueue.embedded import EmbeddedBroker
from service.enqueue.port import Broker
from service.enqueue.retry import RetryPolicy
from service.errors import BrokerUnavailable, ConfigurationError
from service.storage.ledger.ledger import Ledger
from service.storage.store.filesystem import FilesystemStore
from service.storage.store.port import InstanceStore
from service.study.messages import AssessmentRequest, ReportRequest, delivery_queue, inference_queue
from service.study.model import Priority
from service.telemetry.moves import tell_moves

log = structlog.get_logger()


def open_ledger(settings: Settings) -> Ledger:
    """The ledger, its tables at this version."""
    ledger = Ledger(settings.ledger_url, tell_moves)
    ledger.upgrade()
    return ledger


def open_store(settings: Settings) -> InstanceStore:
    """The configured instance store. An object store need not answer yet: it is asked when it is needed."""
    if settings.store.kind == "filesystem":
        return FilesystemStore(settings.data_folder / "store")
    from service.storage.store.s3 import S3Store

    return S3Store(settings.store, settings.data_folder / "uploading")


def open_broker(settings: Settings, ledger: Ledger) -> Broker:
    """The configured broker. It need not answer yet: consumers and relay declare queues on connecting."""
    if settings.broker.kind == "embedded":
        return EmbeddedBroker(ledger, settings.broker.lease_s, max(settings.broker.retry_delays_s))
    from service.enqueue.rabbitmq import Address, RabbitMQBroker

    address = Address(settings.broker.url, settings.broker.password_file, settings.broker.tls)
    return RabbitMQBroker(address, settings.broker.retry_delays_s)


def check_queues(broker: Broker, queues: Sequence[str]) -> None:
    """Raises ConfigurationError where the broker has one of the queues otherwise than it has to be.

    A broker that does not answer yet is asked again by whoever uses it.
    """
    try:
        broker.declare(queues)
    except BrokerUnavailable as error:
        log.warning("the broker does not answer yet; work waits in the ledger", reason=str(error))


def retry_policy(settings: Settings) -> RetryPolicy:
    """When work is tried again."""
    broker = settings.broker
    return RetryPolicy(broker.retry_delays_s, broker.delivery_limit, broker.deadline_s)


def inference_queues(names: Sequence[str]) -> list[str]:
    """The queues of classifiers, the urgent ones first."""
    return [
        inference_queue(name, priority) for priority in (Priority.URGENT, Priority.ROUTINE) for name in names
    ]


def work_queues(settings: Settings) -> list[str]:
    """Every queue that the configuration makes."""
    return [*inference_queues(classifier_names(settings)), *send_queues(settings)]


def send_queues(settings: Settings) -> list[str]:
    """The queues that the role `send` works on: of reports, of assessments, and one for each destination."""
    deliveries = [delivery_queue(destination.name) for destination in settings.destinations]
    return [ReportRequest.queue, AssessmentRequest.queue, *deliveries]


def classifier_names(settings: Settings) -> list[str]:
    """The classifiers that rules and tasks name, each once, those in the shadow last."""
    named = [name for rule in settings.rules for name in rule.classifiers]
    named += [name for one in settings.task_managers for task in one.tasks for name in task.classifiers]
    return list(dict.fromkeys([*named, *(name for rule in settings.rules for name in rule.shadow)]))


def own_classifier_names(settings: Settings) -> list[str]:
    """Of these, the ones that a worker with these settings runs. Raises ConfigurationError for another."""
    names, own = classifier_names(settings), settings.infer.classifiers
    unknown = [name for name in own if name not in names]
    if unknown:
        raise ConfigurationError(
            f"infer.classifiers names {unknown[0]!r}, which no rule runs; rules run: "
            f"{', '.join(names) or 'none'}"
        )
    return [name for name in names if name in own] if own else names


def manifests(settings: Settings) -> dict[str, Manifest]:
    """The manifests of the classifiers that rules name, each with the operating point that is chosen.

    Raises ConfigurationError for a missing one.
    """
    with translated():
        found = find_classifiers(settings.infer.classifier_folders)
    names = classifier_names(settings)
    missing = [name for name in names if name not in found]
    if missing:
        raise ConfigurationError(
            f"rules name the classifier {', '.join(missing)}, which is not installed; "
            f"installed: {', '.join(found) or 'none'}. Add its folder to infer.classifier_folders"
        )
    for setting in ("operating_points", "guard_limits"):
        unknown = sorted(set(getattr(settings.infer, setting)) - set(names))
        if unknown:
            raise ConfigurationError(
                f"infer.{setting} names {unknown[0]!r}, which no rule runs; rules run: "
                f"{', '.join(names) or 'none'}"
            )
    with translated():
        return {name: _as_set(found[name], settings.infer) for name in names}


def _as_set(manifest: Manifest, infer: InferSettings) -> Manifest:
    point, limit = infer.operating_points.get(manifest.name), infer.guard_limits.get(manifest.name)
    chosen = manifest if point is None else manifest.at(point)
    return chosen if limit is None else chosen.guarded_up_to(limit)


def engine_choice(settings: Settings) -> EngineChoice:
    """What the settings say of engines. Whether this machine can have it is asked when one is opened."""
    infer = settings.infer
    usual = min(BatchProfile().usual, infer.largest_batch)
    return EngineChoice(
        backend=Backend(infer.backend),
        precision=Precision(infer.precision),
        threads=infer.threads,
        device=infer.device,
        plan_folder=infer.plan_folder or settings.data_folder / "plans",
        build_missing=infer.build_plans,
        profile=BatchProfile(1, usual, infer.largest_batch),
    )


@contextmanager
def translated() -> Iterator[None]:
    """What is wrong with a classifier's folder is wrong with the configuration that names it."""
    try:
        yield
    except EngineError as error:
        raise ConfigurationError(str(error)) from error
