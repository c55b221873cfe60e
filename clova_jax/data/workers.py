"""Maps a function over blocks on several processes; results come in order, whatever their number."""

import itertools
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from clova_jax.common.errors import ClovaError

_function: Callable[[Any], Any]


def ordered_map(
    make: Callable[..., Callable[[Any], Any]],
    args: tuple[Any, ...],
    items: Iterable[Any],
    workers: int,
) -> Iterator[Any]:
    """Yields `(item, make(*args)(item))` for each item.

    With one worker all happens here. More are fresh processes (forking would copy JAX's threads in an
    unknown state) that call `make(*args)` once, keep to their CPU, and end when this process does.

    Raises:
        ClovaError: a worker process was killed.
    """
    if workers == 1:
        function = make(*args)
        for item in items:
            yield item, function(item)
        return
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _start, (make, args))
    try:
        items = iter(items)
        waiting = deque(
            (item, pool.submit(_call, item)) for item in itertools.islice(items, 2 * workers)
        )
        while waiting:
            item, future = waiting.popleft()
            yield item, future.result()
            for following in itertools.islice(items, 1):
                waiting.append((following, pool.submit(_call, following)))
    except BrokenProcessPool:
        raise ClovaError(
            "a worker process was killed (out of memory?); run the same command again to go on, "
            "with fewer --workers"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start(make: Callable[..., Callable[[Any], Any]], args: tuple[Any, ...]) -> None:
    global _function
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to answer
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _function = make(*args)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _call(item: Any) -> Any:
    return _function(item)
