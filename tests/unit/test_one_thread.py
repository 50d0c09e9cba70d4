import json
import os
import subprocess
import sys

import pytest

POOLS = """
import service, numpy, scipy.linalg, json, threadpoolctl
print(json.dumps(threadpoolctl.threadpool_info()))
"""


@pytest.mark.parametrize(("given", "expected"), [({}, {1}), ({"OPENBLAS_NUM_THREADS": "2"}, {2})])
def test_linear_algebra_has_one_thread_unless_told_otherwise(
    given: dict[str, str], expected: set[int]
) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", POOLS], env=clean | given, capture_output=True, text=True, check=True
    )
    pools = [pool for pool in json.loads(done.stdout) if pool["internal_api"] == "openblas"]
    assert pools
    assert {pool["num_threads"] for pool in pools} == expected
