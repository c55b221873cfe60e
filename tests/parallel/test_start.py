"""Two processes of four CPU devices train to the losses of one process of eight."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.parallel import join_processes

sys.path.insert(0, str(Path(__file__).parent))
from two_processes import losses

SCRIPT = Path(__file__).with_name("two_processes.py")


def launch(**variables):
    environment = {
        **os.environ,
        "XLA_FLAGS": "--xla_force_host_platform_device_count=4",
        **variables,
    }
    return subprocess.Popen(
        [sys.executable, str(SCRIPT)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(*processes):
    try:
        outputs = [process.communicate(timeout=550) for process in processes]
    finally:
        for process in processes:
            process.kill()
    for process, (_, errors) in zip(processes, outputs, strict=True):
        assert process.returncode == 0, errors[-2000:]
    return json.loads(outputs[0][0].splitlines()[-1])


@pytest.mark.slow
def test_two_processes_train_to_the_loss_of_one():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    pair = [
        launch(
            CLOVA_COORDINATOR=f"127.0.0.1:{port}",
            CLOVA_PROCESSES="2",
            CLOVA_PROCESS=str(number),
        )
        for number in range(2)
    ]
    together = finish(*pair)
    assert (together["processes"], together["devices"]) == (2, 8)
    assert together["losses"] == pytest.approx(losses(), rel=1e-5)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        (("host:1", 2, None), "give all three"),
        (("host:1", 2, 2), "process=2 is not one of 0..1"),
        (("host", 2, 0), "no port"),
    ],
)
def test_numbers_that_do_not_fit_are_named(numbers, message):
    with pytest.raises(ClovaError, match=message):
        join_processes(*numbers)


def test_alone_nothing_happens(monkeypatch):
    for name in ("CLOVA_COORDINATOR", "CLOVA_PROCESSES", "CLOVA_PROCESS"):
        monkeypatch.delenv(name, raising=False)
    assert join_processes() == (0, 1)
    monkeypatch.setenv("CLOVA_PROCESSES", "two")
    with pytest.raises(ClovaError, match="CLOVA_PROCESSES='two'"):
        join_processes()
