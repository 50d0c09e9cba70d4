import pytest

from engines.backends import cuda
from engines.backends.cuda import Stream
from engines.backends.cuda_graph import capture
from engines.errors import GpuError
from tests.unit.engines.backends.fake_gpu import FakeCuda


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    runtime = FakeCuda()
    monkeypatch.setattr(cuda, "_runtime", lambda: runtime)
    return runtime


@pytest.fixture
def stream(fake: FakeCuda) -> Stream:
    return Stream()


def test_what_is_recorded_runs_at_each_launch_and_not_before(stream: Stream, fake: FakeCuda) -> None:
    ran: list[str] = []
    graph = capture(stream, lambda: fake.give(stream.handle, lambda: ran.append("ran")))
    assert ran == []
    graph.launch()
    graph.launch()
    assert ran == ["ran", "ran"]


def test_a_destroyed_graph_is_gone(stream: Stream, fake: FakeCuda) -> None:
    capture(stream, lambda: None).destroy()
    assert not fake.graphs


def test_work_that_fails_leaves_the_stream_as_it_was(stream: Stream, fake: FakeCuda) -> None:
    def fail() -> None:
        raise GpuError("this cannot be recorded")

    with pytest.raises(GpuError, match="cannot be recorded"):
        capture(stream, fail)
    assert not fake.capturing
    assert not fake.graphs


@pytest.mark.parametrize("function", ["cudaStreamBeginCapture", "cudaGraphInstantiate"])
def test_a_driver_that_refuses_leaves_nothing_behind(stream: Stream, fake: FakeCuda, function: str) -> None:
    fake.failing.add(function)
    with pytest.raises(GpuError, match=function):
        capture(stream, lambda: None)
    assert not fake.capturing
    assert not fake.graphs
