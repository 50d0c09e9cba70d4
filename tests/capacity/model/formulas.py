"""Waiting lines with an exact answer, to hold the simulation against."""

import heapq
import math
from collections.abc import Iterable


def erlang_c(arrivals_per_s: float, service_s: float, servers: int) -> float:
    """Probability that one who comes to M/M/c has to wait (Erlang 1917). The load must be below `servers`."""
    load = arrivals_per_s * service_s
    all_busy = load**servers / math.factorial(servers) * servers / (servers - load)
    return all_busy / (sum(load**k / math.factorial(k) for k in range(servers)) + all_busy)


def mmc_wait_s(arrivals_per_s: float, service_s: float, servers: int) -> float:
    """Mean wait in M/M/c, without service."""
    return erlang_c(arrivals_per_s, service_s, servers) * service_s / (servers - arrivals_per_s * service_s)


def waits_s(gaps_s: Iterable[float], services_s: Iterable[float], servers: int) -> list[float]:
    """Wait of each customer of one line before several servers, by recursion (Kiefer and Wolfowitz 1955)."""
    free_at_s, now_s, found = [0.0] * servers, 0.0, []
    for gap_s, service_s in zip(gaps_s, services_s, strict=True):
        now_s += gap_s
        begin_s = max(now_s, heapq.heappop(free_at_s))
        found.append(begin_s - now_s)
        heapq.heappush(free_at_s, begin_s + service_s)
    return found


def md1_wait_s(arrivals_per_s: float, service_s: float) -> float:
    """Mean wait in M/D/1, without service (Pollaczek and Khinchine, 1930)."""
    load = arrivals_per_s * service_s
    return load * service_s / (2 * (1 - load))
