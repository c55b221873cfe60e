"""Work in the background: at once, again, after a failure too, until it is closed."""

import threading

from clova_jax.studio.rounds import Rounds


def test_work_is_done_again_and_again_and_stops_when_told():
    rounds = threading.Semaphore(0)
    made = Rounds("work", lambda stopping: rounds.release(), 0.01)
    for _ in range(3):
        assert rounds.acquire(timeout=60)
    made.close()
    while rounds.acquire(blocking=False):
        pass
    assert not rounds.acquire(timeout=0.05)


def test_the_first_round_is_at_once_and_closing_ends_it():
    begun = threading.Event()

    def work(stopping):
        begun.set()
        assert stopping.wait(60)

    made = Rounds("work", work, 3600)
    assert begun.wait(60)
    made.close()


def test_a_failure_is_logged_and_ends_nothing(caplog):
    tries = threading.Semaphore(0)

    def work(stopping):
        tries.release()
        raise OSError("disk full")

    made = Rounds("retention", work, 0.01)
    for _ in range(2):
        assert tries.acquire(timeout=60)
    made.close()
    assert "retention failed; again in" in caplog.text
