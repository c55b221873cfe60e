"""Two processes of four CPU devices train to the losses of one process of eight."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from clova_jax.common.errors import ClovaError, Interrupted
from clova_jax.parallel import interrupted_by_loss, join_processes, leaving_others

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


VARIABLES = (
    *("CLOVA_COORDINATOR", "CLOVA_PROCESSES", "CLOVA_PROCESS"),
    *("SLURM_NTASKS", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_NODELIST"),
    *("OMPI_COMM_WORLD_SIZE", "OMPI_MCA_orte_hnp_uri", "TPU_WORKER_HOSTNAMES"),
    *("JOB_COMPLETION_INDEX", "KUBERNETES_SERVICE_HOST"),
)


@pytest.fixture
def alone(monkeypatch):
    """No variable that speaks of several processes; JAX must not be asked to join any."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("jax.distributed.initialize", lambda *_: pytest.fail("joined"))
    return monkeypatch


def test_alone_nothing_happens(alone):
    assert join_processes() == (0, 1)
    alone.setenv("CLOVA_PROCESSES", "two")
    with pytest.raises(ClovaError, match="CLOVA_PROCESSES='two'"):
        join_processes()
    alone.setenv("CLOVA_PROCESSES", "1")
    assert join_processes() == (0, 1)


@pytest.mark.parametrize(
    "variables",
    [
        {
            "SLURM_NTASKS": "4",
            "SLURM_JOB_ID": "7",
            "SLURM_PROCID": "0",
        },  # sbatch or salloc, no srun
        {"SLURM_NTASKS": "4(x2)"},
        {"SLURM_STEP_NUM_TASKS": "1", "SLURM_STEP_NODELIST": "node1", "SLURM_NTASKS": "1"},
        {"JOB_COMPLETION_INDEX": "0"},
        {"OMPI_COMM_WORLD_SIZE": "1", "OMPI_MCA_orte_hnp_uri": "x"},
        {"TPU_WORKER_HOSTNAMES": "localhost"},
        {"CLOVA_PROCESSES": "1", "SLURM_STEP_NUM_TASKS": "4", "SLURM_STEP_NODELIST": "node[1-4]"},
    ],
)
def test_one_process_of_a_cluster_is_alone(alone, variables):
    for name, value in variables.items():
        alone.setenv(name, value)
    assert join_processes() == (0, 1)


@pytest.mark.parametrize(
    "variables",
    [
        {"SLURM_STEP_NUM_TASKS": "4", "SLURM_STEP_NODELIST": "node[1-4]"},
        {"OMPI_COMM_WORLD_SIZE": "2", "OMPI_MCA_orte_hnp_uri": "x"},
        {"TPU_WORKER_HOSTNAMES": "a,b"},
    ],
)
@pytest.mark.parametrize(
    "error", [RuntimeError("no answer\nfrom there"), KeyError("x"), ValueError()]
)
def test_a_launcher_s_processes_join_and_a_failure_is_one_line(alone, variables, error):
    for name, value in variables.items():
        alone.setenv(name, value)
    calls = []
    alone.setattr("jax.distributed.initialize", lambda *numbers: calls.append(numbers))
    join_processes()
    assert calls == [()]

    def fails(*_):
        raise error

    alone.setattr("jax.distributed.initialize", fails)
    with pytest.raises(ClovaError, match="CLOVA_PROCESSES=1 runs this one alone") as told:
        join_processes()
    assert "\n" not in str(told.value)


def test_a_coordinator_that_does_not_answer_is_asked_again(alone):
    def fails(*_, **__):
        raise jax.errors.JaxRuntimeError("DEADLINE_EXCEEDED: no answer\nfrom there")

    alone.setattr("jax.distributed.initialize", fails)
    with pytest.raises(Interrupted, match="start all of them again"):
        join_processes("host:1", 2, 1)


def test_an_empty_variable_is_none(alone):
    for name in ("CLOVA_COORDINATOR", "CLOVA_PROCESSES", "CLOVA_PROCESS"):
        alone.setenv(name, "")
    assert join_processes() == (0, 1)


def test_a_lost_process_is_an_interruption_and_a_lack_of_memory_is_not(monkeypatch):
    monkeypatch.setattr("jax.process_count", lambda: 2)
    lost = jax.errors.JaxRuntimeError("UNKNOWN: Gloo all-reduce failed: Connection closed by peer")
    with pytest.raises(Interrupted, match="lost .*Gloo"), interrupted_by_loss():
        raise lost
    full = jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: out of memory")
    with pytest.raises(jax.errors.JaxRuntimeError), interrupted_by_loss():
        raise full


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (ClovaError("a mistake"), 2, "error: a mistake"),
        (Interrupted("a loss"), 75, "interrupted: a loss"),
        (KeyError("x"), 1, "KeyError"),
    ],
)
def test_one_of_several_that_fails_leaves_at_once(monkeypatch, capsys, error, status, said):
    monkeypatch.setattr("jax.process_count", lambda: 2)
    left, waited = [], []
    monkeypatch.setattr("os._exit", left.append)
    monkeypatch.setattr("time.sleep", waited.append)
    with leaving_others("clova pretrain"):
        raise error
    assert left == [status]
    assert bool(waited) == (status == 75)  # JAX aborts the others as soon as process 0 has gone
    assert said in capsys.readouterr().err
    monkeypatch.setattr("jax.process_count", lambda: 1)
    with pytest.raises(type(error)), leaving_others("clova pretrain"):
        raise error
