"""Work on several cores: in order, and not further ahead than it must be."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import xgboost
from music_box import parallel
from music_box.parallel import alone, in_order, one_thread_of_linear_algebra
from threadpoolctl import threadpool_info, threadpool_limits


def test_results_come_in_the_order_of_the_items_whichever_is_ready_first() -> None:
    def slow_at_first(number: int) -> int:
        time.sleep(0.02 if number == 0 else 0)
        return number * number

    assert list(in_order(slow_at_first, range(20))) == [number * number for number in range(20)]
    assert list(in_order(slow_at_first, [])) == []


def test_few_results_wait_to_be_taken() -> None:
    done: set[int] = set()
    lock = threading.Lock()

    def note(number: int) -> int:
        with lock:
            done.add(number)
        return number

    results = in_order(note, range(1_000))
    assert next(results) == 0
    time.sleep(0.05)
    assert len(done) <= 2 * (os.cpu_count() or 1) + 1


@pytest.mark.parametrize("threads", [1, 3])
def test_as_many_items_are_worked_on_at_once_as_memory_has_room_for(
    monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    monkeypatch.setattr(parallel, "workers", lambda _: threads)
    lock, at_work, most = threading.Lock(), [], [0]

    def note(number: int) -> int:
        with lock:
            at_work.append(number)
            most[0] = max(most[0], len(at_work))
        time.sleep(0.01)
        with lock:
            at_work.remove(number)
        return number

    assert list(in_order(note, range(20))) == list(range(20))
    assert most[0] == threads


def test_an_error_reaches_who_asks() -> None:
    with pytest.raises(ZeroDivisionError):
        list(in_order(lambda number: 1 / number, [1, 0, 2]))


def openmp_threads() -> list[int]:
    """Threads that each OpenMP library would give to the thread that asks."""
    assert xgboost.__version__  # it brings one
    return [row["num_threads"] for row in threadpool_info() if row["user_api"] == "openmp"]


def test_a_thread_of_a_pool_keeps_openmp_to_itself_and_leaves_others_theirs() -> None:
    before = openmp_threads()
    with ThreadPoolExecutor(1, initializer=alone) as pool:
        inside = pool.submit(openmp_threads).result()
    assert inside
    assert set(inside) == {1}
    assert openmp_threads() == before


def blas_threads() -> set[int]:
    """Threads that linear algebra would take."""
    return {row["num_threads"] for row in threadpool_info() if row["user_api"] == "blas"}


@pytest.mark.parametrize(("is_for_good", "expected"), [(True, {1}), (False, {2})])
def test_work_that_ends_first_does_not_give_threads_back_to_work_that_goes_on(
    is_for_good: bool, expected: set[int]
) -> None:
    """As two models do that run side by side; without the setting, one disturbs the other."""
    assert blas_threads()  # a library is loaded
    with threadpool_limits(2, "blas"):
        if is_for_good:
            one_thread_of_linear_algebra()
        long, short = (in_order(lambda _: blas_threads(), range(items)) for items in (100, 1))
        assert next(short) == next(long) == {1}
        assert list(short) == []
        assert blas_threads() == expected
        assert len(list(long)) == 99
