"""Turns in the engine: owners are served in turn, jobs run on its thread, the cancelled leave at once."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clova_jax.common.errors import ClovaError
from clova_jax.inference import Cancelled, Engine
from clova_jax.inference.fair_queue import FairQueue


@pytest.fixture(scope="module")
def engine(model):
    with Engine(model, slots=2, size=128, waiting=600) as made:
        yield made


def test_another_owner_waits_two_turns_of_a_slot_at_most(engine):
    ended = []

    def submit(owner, number):
        name = (owner, number)
        return engine.submit(
            "가", max_new_tokens=8, temperature=0, seed=1, owner=owner,
            listener=lambda: made[name].done and ended.append(name),
        )  # fmt: skip

    made = {}
    gate = threading.Event()
    engine.call(gate.wait)  # nothing begins before all are queued
    for number in range(40):
        made["flood", number] = submit("flood", number)
    made["other", 0] = submit("other", 0)
    gate.set()
    made["flood", 39].result(60)
    assert [owner for owner, _ in ended].index("other") <= 2 * 2  # two turns of two slots


def test_a_job_runs_on_the_engines_thread_and_its_error_comes_back(engine):
    assert engine.call(lambda: threading.current_thread().name).result(60) == "clova-engine"
    with pytest.raises(ZeroDivisionError):
        engine.call(lambda: 1 // 0).result(60)
    assert engine.generate("가", max_new_tokens=2, temperature=0)


def test_the_cancelled_leave_whether_they_run_or_wait(engine):
    running = [engine.submit("가", max_new_tokens=120, temperature=0) for _ in range(2)]
    next(iter(running[0]))
    waiting = engine.submit("나", max_new_tokens=120)
    job = engine.call(lambda: None)
    job.result(60)
    waiting.cancel()
    with pytest.raises(Cancelled):
        waiting.result(60)
    assert not running[1].done or running[1].result()
    for request in running:
        request.cancel()
    for request in running:
        if not request.done:
            with pytest.raises(Cancelled):
                request.result(60)
    assert engine.generate("가", max_new_tokens=2, temperature=0)
    assert engine.load == (0, 0)


def test_jobs_end_with_the_engine(model):
    engine = Engine(model, slots=1, size=64)
    gate = threading.Event()
    first = engine.call(gate.wait)
    second = engine.call(lambda: None)
    while not first.running():
        pass
    closer = threading.Thread(target=engine.close)
    closer.start()
    while not engine.closed:
        pass
    gate.set()
    closer.join()
    assert first.result(60)
    with pytest.raises(ClovaError, match="closed"):
        second.result(60)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=60))
def test_a_queue_serves_each_owner_in_order_and_the_least_served_first(moves):
    queue, put, taken, number = FairQueue(), [], [], 0
    for owner, takes in moves:
        if takes:
            item = queue.pop({}, lambda _: True)
            assert (item is None) == (len(put) == len(taken))
            if item:
                taken.append(item)
        else:
            put.append((owner, number))
            queue.append(owner, put[-1])
            number += 1
    while (item := queue.pop({}, lambda _: True)) is not None:
        taken.append(item)
    assert sorted(taken) == sorted(put)
    for owner in "abc":
        assert [i for i in taken if i[0] == owner] == [i for i in put if i[0] == owner]


def test_a_queue_prefers_who_has_fewer_turns_under_way():
    queue = FairQueue()
    for number in range(3):
        queue.append("many", number)
    queue.append("few", 9)
    assert queue.pop({"many": 2}, lambda _: True) == 9
    assert queue.pop({"many": 2, "few": 1}, lambda item: item != 0) is None
    assert queue.remove(lambda item: item == 0) == [0]
    assert queue.pop({}, lambda _: True) == 1
