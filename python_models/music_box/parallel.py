"""Work shared by all cores, its results in order, few of them in memory at once."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from itertools import islice
from typing import TypeVar

from threadpoolctl import threadpool_limits

from music_box.memory import workers

Item = TypeVar("Item")
Result = TypeVar("Result")


def alone() -> None:
    """Keep OpenMP to the calling thread: for the threads of a pool, as their initializer.

    XGBoost does so if it is told to, but not everywhere; more threads than cores then wait for each
    other at full speed.
    """
    threadpool_limits(1, "openmp")


def one_thread_of_linear_algebra() -> None:
    """Keep BLAS to one thread in this process, for good.

    The number belongs to the process: whoever sets it for a while and puts back what was, does so
    to others who run meanwhile. With more threads a product is summed in another order, so that
    equal data would give other last digits, depending on what ran side by side.
    """
    # without them, there would be nothing to set yet
    for library in ("numpy", "scipy.linalg"):
        import_module(library)
    threadpool_limits(1, "blas")


def in_order(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Results of a function for each item, in the order of the items, computed side by side.

    A thread per core, or as many as memory has room for, each with one thread of linear algebra:
    matrices that fit a core's cache gain nothing from being shared. No more than two results per
    thread wait to be taken.

    Parameters
    ----------
    function : leaves whatever it reads as it is.
    items : of the results.
    """
    threads = workers(os.cpu_count() or 1)
    left = iter(items)
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads, initializer=alone) as pool:
        waiting: deque[Future[Result]] = deque(
            pool.submit(function, item) for item in islice(left, 2 * threads)
        )
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(pool.submit(function, item) for item in islice(left, 1))
            yield result
