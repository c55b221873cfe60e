"""Functions mapped over items on worker processes of this machine.

Workers are spawned, not forked: forking would copy the parent's threads and locks in an unknown state.
They leave signals to the parent, and end when it does, however it ends.
"""

import contextlib
import itertools
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

from clova_jax.common.errors import ClovaError

Item = TypeVar("Item")
Result = TypeVar("Result")

_function: Callable[[Any], Any]


def ordered_map(
    make: Callable[..., Callable[[Any], Any]],
    args: tuple[Any, ...],
    items: Iterable[Any],
    workers: int,
) -> Iterator[Any]:
    """Yields `(item, make(*args)(item))` for each item, in order, whatever the number of workers.

    With one worker all happens here. More call `make(*args)` once each and keep to their CPU.

    Raises:
        ClovaError: a worker process was killed.
    """
    if workers <= 1:
        function = make(*args)
        for item in items:
            yield item, function(item)
        return
    with _killed_is_told(), _pool(workers, make, args) as pool:
        items = iter(items)
        waiting = deque(
            (item, pool.submit(_call, item)) for item in itertools.islice(items, 2 * workers)
        )
        while waiting:
            item, future = waiting.popleft()
            yield item, future.result()
            for following in itertools.islice(items, 1):
                waiting.append((following, pool.submit(_call, following)))


class Workers:
    """Processes that map functions over items until the `with` block ends, each started when first needed.

    Args:
        count: how many; with 1 all happens in this process.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._open = contextlib.ExitStack()
        self._processes: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *error: object) -> None:
        self._open.__exit__(*error)

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yields `function(item)` as results come; at most two items a worker wait in memory.

        Args:
            function: of a module, taking one item.
            items: may be a generator; it is drawn from as workers become free.

        Raises:
            ClovaError: a worker process was killed.
        """
        if self._count <= 1:
            yield from map(function, items)
            return
        if self._processes is None:
            self._processes = self._open.enter_context(_pool(self._count))
        waiting: set[Future] = set()
        with _killed_is_told():
            for item in items:
                waiting.add(self._processes.submit(function, item))
                if len(waiting) >= 2 * self._count:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)


@contextmanager
def _pool(
    workers: int, make: Callable[..., Any] | None = None, args: tuple[Any, ...] = ()
) -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, _start, (make, args))
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _killed_is_told() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool:
        raise ClovaError(
            "a worker process was killed (out of memory?); run the same command again to go on, "
            "with fewer --workers"
        ) from None


def _start(make: Callable[..., Any] | None, args: tuple[Any, ...]) -> None:
    global _function
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent minds them, and stops between items
        signal.signal(number, signal.SIG_IGN)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if make is not None:
        _function = make(*args)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _call(item: Any) -> Any:
    return _function(item)
