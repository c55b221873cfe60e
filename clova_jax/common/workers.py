"""Maps functions over items on worker processes of this machine.

Workers are spawned, not forked: forking would copy the parent's threads and locks in an unknown state.
They ignore SIGINT and SIGTERM (the parent handles them) and exit when the parent exits, even if it is killed.

Each worker has a thread in the parent that alone talks to it, over a pipe that closes with the process:
however a worker dies, its thread notices at once. (`ProcessPoolExecutor` can wait for ever: it does not notice a
worker that dies while it starts or sends, and cannot end one that ignores SIGTERM.)
"""

import atexit
import contextlib
import itertools
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

from clova_jax.common.errors import ClovaError

Item = TypeVar("Item")
Result = TypeVar("Result")

_SPAWN = multiprocessing.get_context("spawn")


def ordered_map(
    make: Callable[..., Callable[[Any], Any]],
    args: tuple[Any, ...],
    items: Iterable[Any],
    workers: int,
) -> Iterator[Any]:
    """Yields `(item, make(*args)(item))` for each item, in order, whatever the number of workers.

    With one worker everything runs in this process. More workers are processes that call `make(*args)` once each.

    Raises:
        ClovaError: a worker process was killed.
    """
    if workers <= 1:
        function = make(*args)
        for item in items:
            yield item, function(item)
        return
    with _pool(workers, make, args) as pool:
        items = iter(items)
        waiting = deque(
            (item, pool.submit(None, item)) for item in itertools.islice(items, 2 * workers)
        )
        while waiting:
            item, future = waiting.popleft()
            yield item, future.result()
            for following in itertools.islice(items, 1):
                waiting.append((following, pool.submit(None, following)))


class Workers:
    """Maps functions over items on processes, each started when first needed, until the `with` block ends.

    Args:
        count: the number of processes; with 1 everything runs in this one.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._open = contextlib.ExitStack()
        self._pool: _Pool | None = None

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
        if self._pool is None:
            self._pool = self._open.enter_context(_pool(self._count))
        waiting: set[Future] = set()
        for item in items:
            waiting.add(self._pool.submit(function, item))
            if len(waiting) >= 2 * self._count:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)


@contextmanager
def _pool(
    count: int, make: Callable[..., Any] | None = None, args: tuple[Any, ...] = ()
) -> Iterator["_Pool"]:
    pool = _Pool(count, make, args)
    atexit.register(pool.close)  # before multiprocessing's own, which waits for every process
    try:
        yield pool
    finally:
        atexit.unregister(pool.close)
        pool.close()


class _Pool:
    """Pairs threads of this process with a worker process each."""

    def __init__(self, count: int, make: Callable[..., Any] | None, args: tuple[Any, ...]) -> None:
        self._threads = ThreadPoolExecutor(count)
        self._mine = threading.local()  # the calling thread's end of the pipe
        self._make = make, args
        self._lock = threading.Lock()
        self._ending = threading.Lock()
        self._reason: str | None = None
        self._processes: list[tuple[multiprocessing.process.BaseProcess, Connection]] = []
        self._broken = False

    def submit(self, function: Callable[[Any], Any] | None, item: Any) -> Future:
        """Has a worker call the function, or without one the function that `make` returned."""
        return self._threads.submit(self._call, function, item)

    def close(self) -> None:
        """Waits for the running items, cancels the waiting ones, and ends the processes."""
        try:
            self._threads.shutdown(wait=True, cancel_futures=True)
        except BaseException:  # a second Ctrl-C will not wait
            self._kill()
            raise
        finally:
            for process, pipe in self._processes:
                pipe.close()
                process.join()

    def _call(self, function: Callable[[Any], Any] | None, item: Any) -> Any:
        pipe = getattr(self._mine, "pipe", None) or self._start()
        reply = None
        with contextlib.suppress(EOFError, OSError):
            pipe.send((function, item))
            reply = pipe.recv()
        if reply is None:
            with self._ending:  # the first that ended tells why: the others are killed for it
                if self._reason is None:
                    self._reason = _why_it_ended(self._mine.process)
                    self._kill()  # what the others do is lost anyway, and would be waited for
            raise ClovaError(self._reason)
        fine, value = reply
        if fine:
            return value
        try:
            raise value
        finally:
            del value, reply  # an error that holds the frame which holds it

    def _start(self) -> Connection:
        with self._lock:
            mine, theirs = _SPAWN.Pipe()
            process = _SPAWN.Process(target=_work, args=(theirs, *self._make))
            process.start()
            theirs.close()  # now the pipe ends when the process does
            self._processes.append((process, mine))
            if self._broken:
                process.kill()
        self._mine.pipe, self._mine.process = mine, process
        return mine

    def _kill(self) -> None:
        with self._lock:
            self._broken = True
            for process, _ in self._processes:
                process.kill()  # they ignore SIGTERM


def _why_it_ended(process: multiprocessing.process.BaseProcess) -> str:
    """Returns the cause and the remedy of a worker's end, in one line."""
    process.join(5)
    script = getattr(sys.modules["__main__"], "__file__", None)
    # A signal's number is negative; 1 is an error while the worker imported the program's script.
    if process.exitcode == 1 and script and "__main__" not in Path(script).read_text("utf-8"):
        return (
            f"{script}: a worker process could not start, since it imports this script, which then runs "
            'again; put what it runs under `if __name__ == "__main__":`'
        )
    return (
        "a worker process was killed (out of memory?); run the same command again to "
        "resume, with fewer --workers"
    )


def _work(pipe: Connection, make: Callable[..., Any] | None, args: tuple[Any, ...]) -> None:
    """Runs in a worker process: answers until the pipe ends."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent minds them, and stops between items
        signal.signal(number, signal.SIG_IGN)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    threading.Thread(target=_end_with_parent, daemon=True).start()
    made = None

    def answer(function: Callable[[Any], Any] | None, item: Any) -> tuple[bool, Any]:
        nonlocal made
        try:
            if function is None:
                function = made = made or make(*args)
            return True, function(item)
        except Exception as error:
            place = "".join(traceback.format_tb(error.__traceback__))
            error.add_note(f"in a worker process:\n{place}")  # a traceback does not travel
            return False, error

    while True:
        try:
            reply = answer(*pipe.recv())
        except EOFError:
            return
        except Exception as error:  # what cannot be read here
            reply = False, error
        try:
            pipe.send(reply)
        except OSError:
            return
        except Exception as error:  # what cannot be sent
            pipe.send((False, TypeError(f"{type(reply[1]).__name__} of a worker: {error}")))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
