from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from app.imaging.fair_queue import FairQueue


def emptied(queue: FairQueue[str]) -> list[str]:
    return [queue.take() or "" for _ in range(len(queue))]


def test_each_party_has_its_turn_and_its_own_order() -> None:
    queue = FairQueue[str](most=100, most_of_one=100)
    for number in range(4):
        queue.put("many", f"many {number}")
    queue.put("one", "one 0")
    queue.put("two", "two 0")
    queue.put("two", "two 1")
    assert emptied(queue) == ["many 0", "one 0", "two 0", "many 1", "two 1", "many 2", "many 3"]


def test_whoever_comes_back_stands_behind_those_who_wait() -> None:
    queue = FairQueue[str](most=100, most_of_one=100)
    queue.put("a", "a 0")
    queue.put("a", "a 1")
    assert queue.take() == "a 0"
    queue.finish("a")
    queue.put("b", "b 0")
    assert queue.take() == "a 1"
    queue.finish("a")
    queue.put("a", "a 2")
    assert emptied(queue) == ["b 0", "a 2"]


def test_whoever_has_less_in_hand_comes_first() -> None:
    queue = FairQueue[str](most=100, most_of_one=100)
    for thing in ("a 0", "a 1", "a 2", "a 3"):
        queue.put("a", thing)
    assert [queue.take(), queue.take()] == ["a 0", "a 1"]
    # It stands behind all that a brought, and b has nothing in hand yet.
    queue.put("b", "b 0")
    queue.put("b", "b 1")
    assert queue.take() == "b 0"
    queue.finish("a")
    # Now they are even, and a stood there before b came back.
    assert queue.take() == "a 2"
    assert queue.take() == "b 1"
    queue.finish("a")
    queue.finish("a")
    queue.finish("b")
    queue.put("b", "b 2")
    # a has nothing in hand, b has one.
    assert emptied(queue) == ["a 3", "b 2"]


def test_there_is_a_bound_for_each_and_for_all() -> None:
    queue = FairQueue[str](most=3, most_of_one=2)
    assert [queue.put("a", "a"), queue.put("a", "a")] == ["taken", "taken"]
    assert queue.put("a", "a") == "full for this party"
    assert queue.put("b", "b") == "taken"
    assert queue.put("c", "c") == "full"
    queue.take()
    assert queue.put("c", "c") == "taken"
    assert len(queue) == 3


def test_closing_gives_back_who_waited_and_ends_who_takes() -> None:
    queue = FairQueue[str](most=9, most_of_one=9)
    with ThreadPoolExecutor(2) as threads:
        takers = [threads.submit(queue.take) for _ in range(2)]
        assert queue.close() == []
        assert [taker.result(timeout=30) for taker in takers] == [None, None]
    queue = FairQueue[str](most=9, most_of_one=9)
    queue.put("a", "a 0")
    queue.put("b", "b 0")
    assert queue.close() == ["a 0", "b 0"]
    assert queue.take() is None
    assert queue.put("a", "a 1") == "full"


def test_nothing_is_lost_or_taken_twice_among_threads() -> None:
    queue = FairQueue[tuple[int, int]](most=10_000, most_of_one=10_000)
    taken: list[tuple[int, int]] = []
    lock = threading.Lock()

    def take() -> None:
        while (thing := queue.take()) is not None:
            with lock:
                taken.append(thing)
                if len(taken) == 2000:
                    queue.close()

    def bring(party: int) -> None:
        for number in range(500):
            queue.put(party, (party, number))

    with ThreadPoolExecutor(8) as threads:
        for work in [threads.submit(take) for _ in range(4)] + [threads.submit(bring, n) for n in range(4)]:
            work.result(timeout=60)
    assert sorted(taken) == [(party, number) for party in range(4) for number in range(500)]
