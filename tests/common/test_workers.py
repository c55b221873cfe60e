import subprocess
import sys

import pytest
from doubler import Doubler

from clova_jax.common.errors import ClovaError
from clova_jax.common.workers import Workers, ordered_map


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order_and_errors_through(workers):
    results = ordered_map(Doubler, (), iter([5, 1, 4, 2, 3, 6, 7]), workers)
    assert [next(results) for _ in range(6)] == [(n, 2 * n) for n in (5, 1, 4, 2, 3, 6)]
    with pytest.raises(ClovaError, match="seven"):
        next(results)


def test_a_killed_worker_is_told():
    with pytest.raises(ClovaError, match="a worker process was killed"):
        list(ordered_map(Doubler, (), [1, 8, 2], 2))


def test_few_items_are_read_ahead():
    read = []
    items = (read.append(n) or n for n in [1] * 1_000)
    results = ordered_map(Doubler, (), items, 2)
    next(results)
    assert len(read) <= 5
    results.close()


def test_workers_do_not_load_jax():
    code = "import sys, clova_jax.data, clova_jax.tokenizers; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_unordered_results_are_drawn_as_workers_become_free():
    drawn = []

    def items():
        for number in range(20):
            drawn.append(number)
            yield float(number)

    with Workers(2) as workers:
        results = workers.map(abs, items())
        next(results)
        assert len(drawn) < 10
        assert sorted([0.0, *results])[-1] == 19.0
        assert sorted(workers.map(abs, [-1.0, -2.0])) == [1.0, 2.0]
