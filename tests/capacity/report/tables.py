"""The tables of the capacity report, as Markdown."""

from collections.abc import Iterable, Sequence

from tests.benchmarks.harness.machine import IDLE_SHARE
from tests.benchmarks.harness.results import Result
from tests.capacity.measure.machine import MACHINE, OTHERS
from tests.capacity.measure.spent import PARTS
from tests.capacity.model.inputs import Inputs
from tests.capacity.model.measured import loads, set_ups
from tests.capacity.model.sizing import BUSY
from tests.capacity.report.compared import Compared
from tests.capacity.report.sizes import Size

_BYTES = ("received", "in the store", "of results", "in the ledger")
_NAMES = {"servers": "database, broker and PACS"}


def machine(results: Sequence[Result]) -> str:
    """On what was measured."""
    found = {one.measure: one for one in results}
    cores, memory = found[f"{MACHINE}: cores"], found[f"{MACHINE}: memory"]
    return (
        f"{cores.how}, {cores.value:g} cores, {memory.value:.0f} GiB of memory, {memory.how}; "
        f"{found[f'{MACHINE}: date'].how}. {_conditions(results)}"
    )


def per_stage(results: Sequence[Result]) -> str:
    """Processor time of a study, and studies per hour and core, by part."""
    rows = []
    for part in PARTS:
        row = [_NAMES.get(part, f"`{part}`")]
        for set_up in set_ups(results):
            row.append(_value(results, f"{set_up}: burst: processor time of {part}", 1000, "ms"))
            row.append(_value(results, f"{set_up}: burst: studies per hour and core: {part}"))
        rows.append(row)
    heads = [head for one in set_ups(results) for head in (f"{one}: ms of a core", f"{one}: studies/h, core")]
    return table(["part", *heads], rows)


def worker(results: Sequence[Result]) -> str:
    """What one core of a worker does, and a study's bytes."""
    wanted = (
        ("studies per hour, delivered", 1, ""),
        ("studies per hour, worker on one core", 1, ""),
        ("images of a study", 1, ""),
        ("engine", 1000, "ms for an image"),
        ("read and prepare", 1000, "ms for an image"),
        *((f"bytes {one}", 1 / 1000, "kB for a study") for one in _BYTES),
    )
    rows = [
        [what, *(_value(results, f"{set_up}: burst: {what}", scale, unit) for set_up in set_ups(results))]
        for what, scale, unit in wanted
    ]
    return table(["", *set_ups(results)], rows)


def latencies(results: Sequence[Result], set_up: str, compared: Sequence[Compared]) -> str:
    """Measured beside simulated, by load."""
    rows = []
    for share, one in zip(loads(results, set_up), compared, strict=True):
        name = f"{set_up}: load {share:.2f}"
        rows.append(
            [
                f"{share:.0%}",
                _value(results, f"{name}: offered"),
                *(_both(one, what) for what in ("p50", "p95", "max")),
                _value(results, f"{name}: C-STORE answer: p95", 1000, "ms"),
            ]
        )
    heads = ["load", "studies/h", "p50", "p95", "longest", "C-STORE answer, p95"]
    return table(heads, rows)


def nodes(results: Sequence[Result], inputs: Inputs, set_up: str) -> str:
    """Studies per hour of a node whose cores are shared out as the parts need them, and their price."""
    values = {one.measure: one.value for one in results}
    study_s = sum(values[f"{set_up}: burst: processor time of {part}"] or 0.0 for part in PARTS)
    rows = []
    for node in inputs.nodes:
        rate = node.cores * 3600 / study_s
        price = node.price_per_hour / rate * 1000
        rows.append(
            [node.name, f"{rate:,.0f}", f"{node.price_per_hour:.2f} {inputs.currency}", f"{price:.3f}"]
        )
    rows.append(["with a GPU", "not measured", "", ""])
    return table(["node", "studies/h", "price per hour (input)", f"{inputs.currency} per 1000 studies"], rows)


def assumptions(inputs: Inputs) -> str:
    """What the model is told, as it stands in its file."""
    objective, deployment, scaling = inputs.objective, inputs.deployment, inputs.autoscaling
    rows = [
        [
            "objective",
            f"{objective.share:.0%} of routine studies within {objective.routine_s:g} s of their last image, "
            f"of urgent ones within {objective.urgent_s:g} s",
        ],
        ["a study is complete", f"{deployment.complete_after_s:g} s after its last image"],
        [
            "cores beside the workers",
            f"accept {deployment.accept_cores}, send {deployment.send_cores}, database and broker "
            f"{deployment.server_cores}",
        ],
        [
            "autoscaling",
            f"{scaling.min_replicas} to {scaling.max_replicas} workers, one for {scaling.routine_per_pod} "
            f"routine or {scaling.urgent_per_pod} urgent studies that wait; a look every "
            f"{scaling.polling_s:g} s, {scaling.pod_start_s:g} s to start a pod, "
            f"{scaling.cooldown_s:g} s of cooldown",
        ],
        *([node.name, f"{node.price_per_hour:.2f} {inputs.currency} an hour"] for node in inputs.nodes),
    ]
    return table(["assumption", "value"], rows)


def sizes(found: Sequence[Size], inputs: Inputs) -> str:
    """One row for each number of hospitals and each cost of the classifier."""
    rows = [
        [
            str(one.hospitals),
            f"x {one.cost:g}",
            f"{one.analysed:,}",
            _workers(one),
            f"{one.scaled.worker_hours:,.0f}",
            f"{one.peak_queue:,}",
            f"{one.scaled.longest_wait_s:,.0f} s",
            _seconds(one.scaled.routine_s),
            _seconds(one.scaled.urgent_s),
            "yes" if one.scaled_holds else "no",
            _bottleneck(one),
            f"{one.price * 1000:.2f}",
        ]
        for one in found
    ]
    heads = [
        "hospitals",
        "classifier",
        "studies analysed a day",
        "workers, fixed",
        "worker hours, autoscaled",
        "longest queue",
        "longest wait for a worker",
        "routine p95",
        "urgent p95",
        "objective held, autoscaled",
        "bottleneck",
        f"{inputs.currency} per 1000 studies",
    ]
    return table(heads, rows)


def gpus(found: Sequence[Size]) -> str:
    """Up to which time for one image a single GPU is enough, however the engine comes to it."""
    rows = [
        [
            str(one.hospitals),
            f"{one.peak_images_per_hour:,.0f}",
            f"{BUSY * 3600 / one.peak_images_per_hour * 1000:,.0f} ms",
        ]
        for one in found
        if one.cost == 1
    ]
    return table(["hospitals", "images analysed in the busiest hour", "one GPU is enough up to"], rows)


def cores(found: Sequence[Size]) -> str:
    """Cores for each stage's busiest hour, with the measured classifier."""
    rows = [
        [str(one.hospitals), *(f"{count:.2f}" for count in one.cores.values())]
        for one in found
        if one.cost == 1
    ]
    return table(["hospitals", *found[0].cores], rows)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _conditions(results: Sequence[Result]) -> str:
    """How busy the machine was, and whether the run was a quick one: then its figures are worth little."""
    told = []
    for one in results:
        if one.measure.endswith(OTHERS) and one.value is not None:
            set_up = one.measure.removesuffix(OTHERS).removesuffix(": ")
            quick = f", {one.how}" if one.how else ""
            told.append(f"{set_up}{quick}: other processes took {one.value:.0%} of the machine")
    busy = any(one.measure.endswith(OTHERS) and (one.how or (one.value or 0) > IDLE_SHARE) for one in results)
    warning = " **Measure again before you plan with these figures.**" if busy else ""
    return f"{'; '.join(told)}.{warning}"


def _value(results: Sequence[Result], measure: str, scale: float = 1.0, unit: str = "") -> str:
    for one in results:
        if one.measure == measure and one.value is not None:
            return f"{_three_digits(one.value * scale)} {unit}".strip()
    return "not measured"


def _three_digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _both(one: Compared, what: str) -> str:
    return f"{one.measured[what]:.2f} s / {one.simulated[what]:.2f} s"


def _bottleneck(one: Size) -> str:
    if one.workers is None:
        return "not the workers"
    return f"{one.bottleneck} ({one.utilisation[one.bottleneck]:.0%})"


def _workers(one: Size) -> str:
    return str(one.workers) if one.workers is not None else "no number is enough"


def _seconds(latencies_s: Sequence[float]) -> str:
    from service.cli.simulate.report import percentiles

    values = percentiles(latencies_s)
    return f"{values['p95']:.0f} s" if "p95" in values else "none"
