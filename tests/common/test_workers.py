import os
import signal
import subprocess
import sys

import pytest
from doubler import Broken, Doubler, misbehave, process_id

from clova_jax.common.errors import ClovaError
from clova_jax.common.workers import Workers, ordered_map


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order_and_errors_through(workers):
    results = ordered_map(Doubler, (), iter([5, 1, 4, 2, 3, 6, 7]), workers)
    assert [next(results) for _ in range(6)] == [(n, 2 * n) for n in (5, 1, 4, 2, 3, 6)]
    with pytest.raises(ClovaError, match="seven"):
        next(results)


@pytest.mark.timeout(100)
@pytest.mark.parametrize("items", [[1, 8, 2], [9, 8]])
def test_a_killed_worker_is_told_though_others_are_busy(items):
    with pytest.raises(ClovaError, match="a worker process was killed"):
        list(ordered_map(Doubler, (), items, 2))
    with pytest.raises(ClovaError, match="a worker process was killed"), Workers(2) as workers:
        list(workers.map(Doubler(), items))


@pytest.mark.timeout(100)
def test_a_worker_killed_from_outside_is_told():
    with pytest.raises(ClovaError, match="a worker process was killed"), Workers(2) as workers:
        for pid in workers.map(process_id, [0, 0, 9, 9]):
            os.kill(pid, signal.SIGKILL)


def test_answers_larger_than_a_pipe_and_errors_of_every_kind_arrive():
    with Workers(2) as workers:
        assert sorted(map(len, workers.map(bytes, [1, 1 << 22, 1 << 23]))) == [1, 1 << 22, 1 << 23]
        for item, error in (("end", EOFError), ("lambda", TypeError), ("seven", ClovaError)):
            with pytest.raises(error) as caught:
                list(workers.map(misbehave, [item]))
            assert "lambda" in str(caught.value) or "in misbehave" in caught.value.__notes__[0]
        with pytest.raises(ClovaError, match="seven"):
            list(ordered_map(Broken, (), [1], 2))


def test_a_program_may_end_in_the_middle_of_a_map(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import functools\n"
        "from clova_jax.common.workers import ordered_map\n"
        "if __name__ == '__main__':\n"
        "    results = ordered_map(functools.partial, (abs,), range(9), 2)\n"
        "    print(next(results))\n"
    )
    done = subprocess.run(
        [sys.executable, program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "(0, 0)\n"


@pytest.mark.timeout(100)
def test_a_script_without_a_guard_is_named_with_the_remedy(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import functools\n"
        "from clova_jax.common.workers import ordered_map\n"
        "print(list(ordered_map(functools.partial, (abs,), range(3), 2)))\n"
    )
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert f"{program}: a worker process could not start" in last
    assert 'put what it runs under `if __name__ == "__main__":`' in last


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
