"""Where tasks run: worker processes of this machine, or Spark (`spark.py`).

A task is a picklable value, its function a module's own; results come in any order. Workers are
spawned, not forked, so that no thread or lock of the parent comes along, and end when the parent does.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from clova_jax.common.errors import ClovaError

Task = TypeVar("Task")
Result = TypeVar("Result")


def run_local(
    function: Callable[[Task], Result], tasks: Iterable[Task], workers: int
) -> Iterator[Result]:
    """Runs the tasks on worker processes; at most two a worker wait in memory.

    Args:
        function: of a module, taking one task.
        tasks: may be a generator; it is drawn from as workers become free.
        workers: processes; 1 runs in this one.
    """
    if workers <= 1:
        yield from map(function, tasks)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_follow_parent) as pool:
        waiting: set[Future] = set()
        try:
            for task in tasks:
                waiting.add(pool.submit(function, task))
                if len(waiting) >= 2 * workers:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield future.result()
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        except BrokenProcessPool:
            raise ClovaError(
                "a worker process was killed (out of memory?); run again with fewer --workers"
            ) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _follow_parent() -> None:
    """Ends a worker whose parent was killed: nobody else would tell it."""
    parent: Any = multiprocessing.parent_process()

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    import signal

    for number in (signal.SIGINT, signal.SIGTERM):  # the parent minds them, and stops between tasks
        signal.signal(number, signal.SIG_IGN)
