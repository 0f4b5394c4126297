"""Work on several cores: in order, and not further ahead than it must be."""

from __future__ import annotations

import os
import threading
import time

import pytest
from music_box.parallel import in_order


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


def test_an_error_reaches_who_asks() -> None:
    with pytest.raises(ZeroDivisionError):
        list(in_order(lambda number: 1 / number, [1, 0, 2]))
