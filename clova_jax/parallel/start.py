"""Joins several processes into one run: `jax.distributed`, from the environment or from explicit numbers.

JAX recognises processes that `srun` or `mpirun` started, pods of a Kubernetes job (with the package
`kubernetes`) and TPU pods. A Slurm allocation without `srun` is one process. Anywhere else say it:

    clova pretrain … --coordinator host:1234 --num-processes 2 --process-id 0

or with CLOVA_COORDINATOR, CLOVA_PROCESSES and CLOVA_PROCESS, of which an empty one is none.
"""

import contextlib
import functools
import importlib.util
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from typing import NoReturn

import jax
import numpy as np
from jax.experimental import multihost_utils

from clova_jax.common.errors import ClovaError, Interrupted
from clova_jax.common.exit_status import guard

LAST_TO_LEAVE = 5.0  # seconds that process 0 stays after a loss


def join_processes(
    coordinator: str | None = None, processes: int | None = None, process: int | None = None
) -> tuple[int, int]:
    """Joins this process to the others; call it before anything touches a device.

    Does nothing where neither the arguments, nor CLOVA_COORDINATOR, CLOVA_PROCESSES and CLOVA_PROCESS, nor a
    launcher's own variables speak of several processes; nor where CLOVA_PROCESSES is 1.

    Args:
        coordinator: "host:port" of process 0.
        processes: how many there are.
        process: which one this is, from 0.

    Returns:
        (index of this process, number of processes).

    Raises:
        ClovaError: some of the three numbers are missing or do not fit.
        Interrupted: the coordinator does not answer, or the processes are not of the same start.
    """
    coordinator = coordinator or os.environ.get("CLOVA_COORDINATOR") or None
    processes = _number(processes, "CLOVA_PROCESSES")
    process = _number(process, "CLOVA_PROCESS")
    given = (coordinator, processes, process)
    if processes == 1 and process in (None, 0):
        return jax.process_index(), jax.process_count()
    if all(value is None for value in given):
        if launcher := _launcher():
            _initialize(launcher)
        return jax.process_index(), jax.process_count()
    if any(value is None for value in given):
        raise ClovaError(
            f"several processes: coordinator={coordinator}, processes={processes}, process={process}; "
            "give all three (--coordinator host:port, --num-processes N, --process-id 0..N-1)"
        )
    if not 0 <= process < processes:
        raise ClovaError(
            f"several processes: process={process} is not one of 0..{processes - 1} (processes={processes})"
        )
    if ":" not in coordinator:
        raise ClovaError(
            f"several processes: coordinator {coordinator!r} has no port; host:1234, say"
        )
    _initialize(coordinator, coordinator, processes, process)
    return jax.process_index(), jax.process_count()


def _launcher() -> str | None:
    """Returns the variable by which a launcher marks this process as one of several."""
    for count, also in (
        (
            "SLURM_STEP_NUM_TASKS",
            "SLURM_STEP_NODELIST",
        ),  # of a step of `srun`, not of the complete job
        ("OMPI_COMM_WORLD_SIZE", "OMPI_MCA_orte_hnp_uri"),
    ):
        number = os.environ.get(count, "")
        if number.isdigit() and int(number) > 1 and also in os.environ:
            return count
    if "," in os.environ.get("TPU_WORKER_HOSTNAMES", ""):
        return "TPU_WORKER_HOSTNAMES"
    pod = {"JOB_COMPLETION_INDEX", "KUBERNETES_SERVICE_HOST"} <= os.environ.keys()
    if pod and importlib.util.find_spec("kubernetes"):
        return "JOB_COMPLETION_INDEX"
    return None


def _initialize(name: str, *numbers: str | int) -> None:
    try:
        # With the numbers given, nothing is asked of a launcher, nor of Kubernetes, which may refuse.
        method = {"cluster_detection_method": "deactivate"} if numbers else {}
        jax.distributed.initialize(*numbers, **method)
    except jax.errors.JaxRuntimeError as error:
        reason = str(error).strip().partition("\n")[0][:200]
        raise Interrupted(
            f"the other processes were not found ({name}: {reason}); start all of them again"
        ) from None
    except Exception as error:  # JAX and a cluster's own client each raise theirs
        reason = (str(error).strip().split("\n"))[0] or type(error).__name__
        raise ClovaError(
            f"several processes: {name} could not be joined ({reason}); is process 0 running there, "
            "and did nothing use JAX before that? CLOVA_PROCESSES=1 runs this one alone"
        ) from None


def _number(value: int | None, variable: str) -> int | None:
    text = os.environ.get(variable)
    if value is not None or not text:
        return value
    if not text.isdigit():
        raise ClovaError(f"{variable}={text!r} is not a whole number")
    return int(text)


def on_first_process(work: Callable[[], object]) -> bool:
    """Calls `work` on process 0 alone; where it fails there, every process ends.

    Returns:
        On every process the truth of what `work` returned.

    Raises:
        ClovaError: `work` raised one.
    """
    error, answer = None, 0
    if jax.process_index() == 0:
        try:
            answer = int(bool(work()))
        except ClovaError as raised:
            error, answer = raised, -1
    if jax.process_count() > 1:
        answer = int(multihost_utils.broadcast_one_to_all(np.int32(answer)))
    if answer < 0:
        raise error or ClovaError("process 0 could not go on; its message says why")
    return bool(answer)


def on_any_process(value: bool) -> bool:
    """Returns True on every process where one gave True; all of them call it at the same place."""
    if jax.process_count() == 1:
        return value
    return bool(np.any(multihost_utils.process_allgather(np.bool_(value))))


@contextlib.contextmanager
def interrupted_by_loss() -> Iterator[None]:
    """Turns what JAX raises in the block where another process was lost into `Interrupted`."""
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        if jax.process_count() == 1 or "RESOURCE_EXHAUSTED" in str(error):
            raise
        reason = str(error).strip().partition("\n")[0][:200]
        raise Interrupted(
            f"another process of this run was lost ({reason}); start all of them again"
        ) from error


@contextlib.contextmanager
def leaving_others(prog: str) -> Iterator[None]:
    """Ends this process at once where it is one of several and the block raises.

    An orderly end would wait for the others, which wait for this one inside a step. After the loss of another
    process, process 0 stays for `LAST_TO_LEAVE`: JAX's coordination service ends with it, and then aborts
    those that have not yet said what happened.

    Args:
        prog: the command's name, for the line about the error.
    """
    try:
        with interrupted_by_loss():
            yield
    except BaseException as error:
        if jax.process_count() == 1:
            raise
        status = 1
        try:
            status = guard(prog, functools.partial(_raise, error))
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        if isinstance(error, Interrupted) and jax.process_index() == 0:
            time.sleep(LAST_TO_LEAVE)
        os._exit(status)


def _raise(error: BaseException) -> NoReturn:
    raise error
